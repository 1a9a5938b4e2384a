using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Manager;
using LifecycleManager.Metrics;
using LifecycleManager.Scaling.Safety;

namespace LifecycleManager.Cli.Commands;

/// <summary>The options of the manager that few need: its limits and time limits.</summary>
internal sealed class ManagerTuning
{
    private readonly Command _command;
    private readonly List<Func<ParseResult, ManagerOptions, ManagerOptions>> _parts = [];

    public ManagerTuning(Command command, Settings settings)
    {
        _command = command;
        var manager = new RangedSettings<ManagerOptions>(settings, new ManagerOptions());
        var collector = new RangedSettings<CollectorOptions>(settings, new CollectorOptions { Scheduler = null });
        var safety = new RangedSettings<SafetyOptions>(settings, new SafetyOptions());
        Add(collector.Time("--scrape-timeout", "The longest that a scrape takes", nameof(CollectorOptions.Timeout)),
            (c, value) => c with { Timeout = value });
        Add(collector.Time("--discovery-interval", "Between two polls of the scheduler, whose events are followed besides",
                nameof(CollectorOptions.DiscoveryInterval)),
            (c, value) => c with { DiscoveryInterval = value });
        Add(collector.Time("--startup-time",
                "How long an instance counts as starting, where neither a policy's startup, nor an app's label "
                + "lcm.metrics.startup, nor its last starts tell",
                nameof(CollectorOptions.StartupTime)),
            (c, value) => c with { StartupTime = value });
        Add(collector.Count("--max-body-bytes", "The longest answer of a target, in bytes",
                nameof(CollectorOptions.MaxBodyBytes)),
            (c, value) => c with { MaxBodyBytes = value });
        Add(collector.Count("--max-samples-per-scrape", "The most samples of one scrape",
                nameof(CollectorOptions.MaxSamplesPerScrape)),
            (c, value) => c with { MaxSamplesPerScrape = value });
        Add(collector.Count("--max-series-per-target", "The most series that are kept of one target",
                nameof(CollectorOptions.MaxSeriesPerTarget)),
            (c, value) => c with { MaxSeriesPerTarget = value });
        Add(collector.Count("--max-samples-per-series", "The most samples that are kept of one series",
                nameof(CollectorOptions.MaxSamplesPerSeries)),
            (c, value) => c with { MaxSamplesPerSeries = value });
        Add(collector.Count("--max-concurrent-scrapes", "The most scrapes at the same time",
                nameof(CollectorOptions.MaxConcurrentScrapes)),
            (c, value) => c with { MaxConcurrentScrapes = value });
        Add(collector.Count("--max-pushed-series", "The most series that pushed samples may make",
                nameof(CollectorOptions.MaxPushedSeries)),
            (c, value) => c with { MaxPushedSeries = value });
        Add(manager.Time("--attempt-timeout", "The longest that one attempt of a call to what is scaled takes",
                nameof(ManagerOptions.AttemptTimeout)),
            (m, value) => m with { AttemptTimeout = value });
        Add(manager.Time("--call-timeout", "The longest that such a call takes with its retries",
                nameof(ManagerOptions.CallTimeout)),
            (m, value) => m with { CallTimeout = value });
        Add(manager.Time("--first-retry-delay", "Before a change that failed is tried again; doubles with each failure",
                nameof(ManagerOptions.FirstRetryDelay)),
            (m, value) => m with { FirstRetryDelay = value });
        Add(manager.Time("--longest-retry-delay", "The longest such pause", nameof(ManagerOptions.MaxRetryDelay)),
            (m, value) => m with { MaxRetryDelay = value });
        Add(manager.Count("--parallelism", "How many changes are applied side by side", nameof(ManagerOptions.Parallelism)),
            (m, value) => m with { Parallelism = value });
        Add(manager.Count("--kept-decisions", "How many decisions the state keeps in all", nameof(ManagerOptions.KeptDecisions)),
            (m, value) => m with { KeptDecisions = value });
        Add(manager.Count("--kept-decisions-per-app", "How many decisions the state keeps of one app",
                nameof(ManagerOptions.KeptDecisionsPerApp)),
            (m, value) => m with { KeptDecisionsPerApp = value });
        Add(manager.Time("--decisions-kept", "Decisions in the table that are older go", nameof(ManagerOptions.KeptInTable)),
            (m, value) => m with { KeptInTable = value });
        Add(manager.Count("--decisions-megabytes", "The oldest decisions in the table go while they are more than this, in MB",
                nameof(ManagerOptions.KeptInTableMegabytes)),
            (m, value) => m with { KeptInTableMegabytes = value });
        Add(manager.Time("--history-interval", "Between two samples of the history", nameof(ManagerOptions.HistoryInterval)),
            (m, value) => m with { HistoryInterval = value });
        Add(manager.Time("--kept-history", "How far the history goes back", nameof(ManagerOptions.KeptHistory)),
            (m, value) => m with { KeptHistory = value });
        Add(manager.Number("--least-cpus", "The least cpus that are recommended to an app", nameof(ManagerOptions.LeastCpus)),
            (m, value) => m with { LeastCpus = value });
        Add(manager.Count("--least-memory", "The least memory that is recommended to an app, in MB",
                nameof(ManagerOptions.LeastMemory)),
            (m, value) => m with { LeastMemory = value });
        Add(manager.Count("--stream-clients", "How many clients may follow the decisions at once",
                nameof(ManagerOptions.StreamClients)),
            (m, value) => m with { StreamClients = value });
        Add(safety.Count("--missing-at-least", "Scale-in never stops for fewer missing than this",
                nameof(SafetyOptions.MissingAtLeast)),
            (s, value) => s with { MissingAtLeast = value });
        Add(safety.Time("--missing-recovery", "How long scale-in stays stopped after too much was missing",
                nameof(SafetyOptions.Recovery)),
            (s, value) => s with { Recovery = value });
        Add(safety.Time("--missing-acceptance", "What has been missing for so long is taken as given",
                nameof(SafetyOptions.Acceptance)),
            (s, value) => s with { Acceptance = value });
    }

    /// <summary>The options with what the command line says.</summary>
    public ManagerOptions Apply(ParseResult parse, ManagerOptions options) =>
        _parts.Aggregate(options, (so, part) => part(parse, so));

    private void Add<T>(Option<T> option, Func<CollectorOptions, T, CollectorOptions> set) =>
        Add(option, (ManagerOptions options, T value) => options with { Collector = set(options.Collector!, value) });

    private void Add<T>(Option<T> option, Func<SafetyOptions, T, SafetyOptions> set) =>
        Add(option, (ManagerOptions options, T value) => options with { Safety = set(options.Safety, value) });

    private void Add<T>(Option<T> option, Func<ManagerOptions, T, ManagerOptions> set)
    {
        _command.Add(option);
        _parts.Add((parse, options) => set(options, parse.GetValue(option)!));
    }
}
