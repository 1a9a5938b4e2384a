using System.Text.Json;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Targets;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Sources;

/// <summary>Asks one agent for the statistics of its containers; no help of the apps is needed.</summary>
/// <param name="context">What all scrapes share.</param>
/// <param name="agent">The agent's address.</param>
/// <param name="find">The instance of a task's id; null where it is nobody's.</param>
/// <param name="read">Gets all statistics, of whatever task.</param>
internal sealed class AgentJob(
    ScrapeContext context, Uri agent, Func<string, CollectedInstance?> find, Action<IReadOnlyList<AgentStatistics>> read)
    : ScrapeJob(context)
{
    /// <summary>The statistics that can be asked for.</summary>
    public static readonly IReadOnlyList<string> Statistics =
        ["cpu", "mem", "cpu.seconds", "mem.bytes", "net.rx.bytes", "net.tx.bytes"];

    private readonly Uri _uri = new(agent, "monitor/statistics");
    private IReadOnlyCollection<string> _apps = [];

    public override string Id { get; } = $"agent|{agent}";

    public override string Address => _uri.ToString();

    public override IReadOnlyCollection<string> Apps => _apps;

    protected override async Task<int> ScrapeAsync(long now, CancellationToken cancellation)
    {
        using var body = await Context.Client.GetAsync(
            _uri, "application/json", Context.Credentials.For("agents"), cancellation, tls: TlsSettings.OfCluster);
        List<AgentStatistics> all;
        try
        {
            all = AgentStatistics.Read(body.Memory);
        }
        catch (JsonException e)
        {
            throw new ScrapeException(FailureReason.Malformed, $"{_uri}: {UntrustedJson.Describe(e)}");
        }

        read(all);
        var apps = new HashSet<string>(StringComparer.Ordinal);
        foreach (var statistics in all)
        {
            if (find(statistics.Task) is not { Container.Length: > 0 } instance) continue;
            Store(instance, statistics, now);
            apps.Add(instance.Target.App);
        }

        _apps = apps;
        return all.Count;
    }

    private void Store(CollectedInstance instance, in AgentStatistics statistics, long now)
    {
        // The share of the limit since the last statistics; the agent's own clock, since ours knows nothing of its delays.
        var previous = instance.LastCpu;
        var share = double.NaN;
        if (!double.IsNaN(statistics.CpuSeconds))
        {
            instance.LastCpu = new CpuReading(statistics.Timestamp, statistics.CpuSeconds);
            if (previous is not null && statistics.Timestamp > previous.Timestamp && statistics.CpuSeconds >= previous.Seconds
                && statistics.CpuLimit > 0)
            {
                var used = statistics.CpuSeconds - previous.Seconds;
                share = used / (statistics.Timestamp - previous.Timestamp) / statistics.CpuLimit;
            }
        }

        lock (instance.SyncRoot)
        {
            foreach (var (name, set) in instance.Container)
            {
                var value = name switch
                {
                    "cpu" => share,
                    "mem" => statistics.MemoryLimit > 0 ? statistics.MemoryBytes / statistics.MemoryLimit : double.NaN,
                    "cpu.seconds" => statistics.CpuSeconds,
                    "mem.bytes" => statistics.MemoryBytes,
                    "net.rx.bytes" => statistics.ReceivedBytes,
                    _ => statistics.SentBytes,
                };
                if (double.IsFinite(value))
                    set.Get("").Samples.Append(new Sample(now, value), set.Retention, Context.Options.MaxSamplesPerSeries);
                set.Problem = double.IsFinite(value) ? null
                    : name == "cpu" && previous is null ? "the cpu share needs two statistics, and there is one yet"
                    : $"{_uri} does not measure {name} of this container";
            }
        }
    }
}
