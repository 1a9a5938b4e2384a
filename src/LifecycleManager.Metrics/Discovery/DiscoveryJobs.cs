using System.Text.Json;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Targets;
using LifecycleManager.Runtime;

namespace LifecycleManager.Metrics.Discovery;

/// <summary>A source of targets beside the scheduler. While it fails, its last targets stay.</summary>
internal abstract class DiscoveryJob(ScrapeContext context) : ScrapeJob(context)
{
    private IReadOnlyList<Target> _targets = [];

    /// <summary>The last known targets.</summary>
    public IReadOnlyList<Target> Targets => Volatile.Read(ref _targets);

    /// <summary>What the source knows and is no target, with the reasons; null where there is none.</summary>
    public string? Skipped { get; private protected set; }

    /// <summary>Called after the targets have changed.</summary>
    public Action? Changed { get; set; }

    protected void Publish(IReadOnlyList<Target> targets)
    {
        if (targets.SequenceEqual(Targets, TargetComparer.Instance)) return;
        Volatile.Write(ref _targets, targets);
        Changed?.Invoke();
    }

    // The record's own equality would compare the lists of ports by reference.
    private sealed class TargetComparer : IEqualityComparer<Target>
    {
        public static TargetComparer Instance { get; } = new();

        public bool Equals(Target? x, Target? y) =>
            x is not null && y is not null && x.Ports.SequenceEqual(y.Ports) && x with { Ports = [] } == y with { Ports = [] };

        public int GetHashCode(Target target) => StringComparer.Ordinal.GetHashCode(target.Id);
    }
}

/// <summary>Asks the Eureka server that answers.</summary>
internal sealed class EurekaJob(ScrapeContext context, AddressList servers, Func<ILookup<string, string>> appsOf)
    : DiscoveryJob(context)
{
    private const int MaxSkippedShown = 10;

    public override string Id { get; } = $"eureka|{servers.Current}";

    public override string Address => At(servers.Current).ToString();

    protected override Task<int> ScrapeAsync(long now, CancellationToken cancellation) =>
        servers.AskAsync(server => AskAsync(At(server), cancellation), cancellation);

    private static Uri At(Uri server) => new(server.ToString().TrimEnd('/') + "/apps");

    private async Task<int> AskAsync(Uri uri, CancellationToken cancellation)
    {
        using var body = await Context.Client.GetAsync(uri, "application/json", Context.Credentials.For("eureka"), cancellation);
        try
        {
            var skipped = new List<string>();
            var targets = EurekaTargets.Read(body.Memory, appsOf(), skipped.Add);
            Skipped = skipped.Count == 0 ? null
                : $"{skipped.Count} instances are skipped: {string.Join("; ", skipped.Take(MaxSkippedShown))}"
                    + (skipped.Count > MaxSkippedShown ? "; ..." : "");
            Publish(targets);
            return 0;
        }
        catch (JsonException e)
        {
            throw new ScrapeException(FailureReason.Malformed, $"{uri}: {UntrustedJson.Describe(e)}");
        }
    }
}

/// <summary>Reads the <c>file_sd</c> files of a pattern when they change. A bad file keeps its last good targets.</summary>
internal sealed class FileJob(ScrapeContext context, string pattern) : DiscoveryJob(context)
{
    private readonly Dictionary<string, (FileStamp? Stamp, IReadOnlyList<Target> Targets)> _files =
        new(StringComparer.Ordinal);

    public override string Id { get; } = $"file|{pattern}";

    public override string Address => pattern;

    protected override Task<int> ScrapeAsync(long now, CancellationToken cancellation)
    {
        string? problem = null;
        var found = FileTargets.Find(pattern);
        foreach (var gone in _files.Keys.Except(found, StringComparer.Ordinal).ToArray()) _files.Remove(gone);
        foreach (var path in found)
        {
            try
            {
                var stamp = FileStamp.Of(new FileInfo(path));
                if (stamp is null || _files.GetValueOrDefault(path).Stamp != stamp)
                    _files[path] = (stamp, FileTargets.Read(path));
            }
            catch (Exception e)
            {
                // Whatever is wrong with one file is that file's refusal.
                problem ??= e is FormatException ? e.Message : $"{path}: {e.Message}";
            }
        }

        Publish([.. _files.OrderBy(file => file.Key, StringComparer.Ordinal).SelectMany(file => file.Value.Targets)]);
        if (problem is not null) throw new ScrapeException(FailureReason.Configuration, problem);
        return Task.FromResult(0);
    }
}
