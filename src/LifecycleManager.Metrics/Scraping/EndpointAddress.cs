using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>Where an endpoint of an instance is: what the query, the source of the target and the app's labels say.</summary>
internal sealed class EndpointAddress(CollectedInstance instance, EndpointKey key)
{
    // Made once: the owner replaces what an address is made of as a whole.
    private Known? _last;

    /// <summary>
    /// The path that the query, the source of the target or the app's label gives, in this order; null: the usual ones.
    /// </summary>
    public string? GivenPath => key.Scrape?.Path ?? instance.Target.Path ?? instance.App.Labels.Path;

    /// <summary>
    /// An address on the instance; to that of a text the parameters that labels give are added, but for those that its query has.
    /// </summary>
    /// <exception cref="ScrapeException">The instance has no such port, or the app's labels are wrong.</exception>
    public Uri At(string pathAndQuery)
    {
        var (target, app) = (instance.Target, instance.App);
        if (_last is { } last && ReferenceEquals(last.Target, target) && ReferenceEquals(last.App, app)
            && last.Path == pathAndQuery) return last.Uri;
        var uri = On(
            Root(out var problem) ?? throw new ScrapeException(FailureReason.Configuration, problem!), pathAndQuery);
        _last = new Known(target, app, pathAndQuery, uri);
        return uri;
    }

    /// <summary>The address for people, or why there is none.</summary>
    public string Text(string pathAndQuery) =>
        Root(out var problem) is { } root ? On(root, pathAndQuery).ToString() : problem!;

    // As text, since a path that begins with two slashes or backslashes would be another host as a relative address.
    private Uri On(Uri root, string pathAndQuery) => new(
        root.GetLeftPart(UriPartial.Authority) + (pathAndQuery.StartsWith('/') ? "" : "/") + WithParameters(pathAndQuery));

    private string WithParameters(string pathAndQuery)
    {
        if (key.Kind != EndpointKind.Text) return pathAndQuery;
        var parameters = instance.Target.Parameters is { Length: > 0 } given ? given : instance.App.Labels.Parameters;
        if (parameters.Length == 0) return pathAndQuery;
        if (pathAndQuery.Split('?', 2) is not [_, var query]) return $"{pathAndQuery}?{parameters}";
        var own = query.Split('&').Select(NameOf).ToHashSet(StringComparer.Ordinal);
        return string.Join('&', [pathAndQuery, .. parameters.Split('&').Where(parameter => !own.Contains(NameOf(parameter)))]);
    }

    private static string NameOf(string parameter) => Uri.UnescapeDataString(parameter.Split('=')[0].Replace('+', ' '));

    private Uri? Root(out string? problem)
    {
        var target = instance.Target;
        var labels = instance.App.Labels;
        problem = labels.Problem;
        if (problem is not null) return null;
        var index = key.Scrape?.Port ?? labels.Port;
        if (index >= target.Ports.Count)
        {
            problem = target.Ports.Count == 0
                ? $"{target.Id} has no port on {target.Host}"
                : $"{target.Id} has {target.Ports.Count} ports, none with the index {index}";
            return null;
        }

        var host = target.Host.Contains(':') && !target.Host.StartsWith('[') ? $"[{target.Host}]" : target.Host;
        var scheme = key.Scrape?.Scheme ?? target.Scheme ?? labels.Scheme;
        if (Uri.TryCreate($"{scheme}://{host}:{target.Ports[index]}/", UriKind.Absolute, out var root)) return root;
        problem = $"{target.Id}: '{target.Host}' is not a host name";
        return null;
    }

    private sealed record Known(Target Target, TargetApp App, string Path, Uri Uri);
}
