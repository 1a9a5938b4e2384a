using System.Net.Http.Headers;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Series;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>The two kinds of endpoints an instance may have.</summary>
internal enum EndpointKind
{
    /// <summary>Spring Boot's actuator: JSON.</summary>
    Actuator,

    /// <summary>Prometheus or OpenMetrics text.</summary>
    Text,
}

/// <summary>An endpoint of an instance: its kind, and what a query says of it.</summary>
internal readonly record struct EndpointKey(EndpointKind Kind, ScrapeSettings? Scrape)
{
    public static EndpointKey? Of(SeriesKey key) => key.Source switch
    {
        MetricSource.Actuator => new EndpointKey(EndpointKind.Actuator, key.Scrape),
        MetricSource.Prometheus or MetricSource.Histogram => new EndpointKey(EndpointKind.Text, key.Scrape),
        _ => null,
    };
}

/// <summary>What answered at one instance of an app; its other instances try that first.</summary>
internal sealed class EndpointHints
{
    private Dictionary<(EndpointKind Kind, string? GivenPath), string> _places = [];

    public string? this[(EndpointKind Kind, string? GivenPath) key]
    {
        get => Volatile.Read(ref _places).GetValueOrDefault(key);
        set
        {
            // Scrapes of several instances may race: the loser's hint is lost, which costs another try and nothing else.
            var next = new Dictionary<(EndpointKind Kind, string? GivenPath), string>(Volatile.Read(ref _places));
            if (value is null) next.Remove(key);
            else next[key] = value;
            Volatile.Write(ref _places, next);
        }
    }
}

/// <summary>Scrapes one endpoint of one instance.</summary>
internal abstract class EndpointJob(ScrapeContext context, Instance instance, EndpointKey key, EndpointHints hints)
    : ScrapeJob(context)
{
    private Selection[] _selections = [];
    private string? _place;

    public Instance Instance => instance;

    public EndpointKey Key => key;

    /// <summary>What it looks for; replaced as a whole by the owner.</summary>
    public Selection[] Selections
    {
        get => Volatile.Read(ref _selections);
        set => Volatile.Write(ref _selections, value);
    }

    public override string Id { get; } =
        $"{instance.Target.Id}|{key.Kind}|{(key.Scrape?.Port is { } port ? $":{port}" : "")}{key.Scrape?.Path}";

    public override string Address =>
        Root(out var problem) is { } root ? new Uri(root, _place ?? GivenPath ?? "/").ToString() : problem!;

    /// <summary>
    /// The path that the query, the source of the target or the app's label gives, in this order; null: the usual ones.
    /// </summary>
    protected string? GivenPath => key.Scrape?.Path ?? instance.Target.Path ?? instance.App.Labels.Path;

    /// <summary>The number of the scrape under way; rises.</summary>
    protected long Round { get; set; }

    /// <summary>The wanted samples of the scrape under way.</summary>
    protected SampleBatch Batch { get; } = new();

    /// <summary>The place where the endpoint was found last; null makes the next scrape look for it again.</summary>
    protected string? Place
    {
        get => _place;
        set
        {
            _place = value;
            if (value is not null && hints[HintKey] != value) hints[HintKey] = value;
        }
    }

    /// <summary>
    /// The places to try, in order: where it was, where the app's other instances have it, then the usual ones.
    /// </summary>
    protected IEnumerable<string> Places(IEnumerable<string> usual)
    {
        var hint = _place ?? hints[HintKey];
        return hint is null ? usual : usual.Prepend(hint).Distinct();
    }

    /// <summary>An address on the instance.</summary>
    /// <exception cref="ScrapeException">The instance has no such port, or the app's labels are wrong.</exception>
    protected Uri At(string pathAndQuery) =>
        new(Root(out var problem) ?? throw new ScrapeException(FailureReason.Configuration, problem!), pathAndQuery);

    /// <summary>Who the collector is to this app.</summary>
    /// <exception cref="ScrapeException">The policy names credentials that there are not.</exception>
    protected AuthenticationHeaderValue? Credential() => key.Scrape?.Credentials is not { } name
        ? Context.Credentials.For(instance.Target.App)
        : Context.Credentials.For(name) ?? throw new ScrapeException(
            FailureReason.Configuration, $"the policy names the credentials '{name}', which the manager was not given");

    // Instances share what was found only where they were told the same path.
    private (EndpointKind Kind, string? GivenPath) HintKey => (key.Kind, GivenPath);

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
}
