using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Scaling;

namespace LifecycleManager.Cli.Commands;

/// <summary>The options of the manager that few need: its limits and its patience.</summary>
internal sealed class ManagerTuning
{
    private static readonly CollectorOptions Collector = new() { Scheduler = null };
    private static readonly ManagerOptions Manager = new();
    private readonly List<Func<ParseResult, ManagerOptions, ManagerOptions>> _parts = [];
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly Command _command;
    private readonly Settings _settings;

    public ManagerTuning(Command command, Settings settings)
    {
        (_command, _settings) = (command, settings);
        Time("--scrape-timeout", "The longest that a scrape takes", Collector.Timeout, (c, value) => c with { Timeout = value },
            most: Day);
        Time("--discovery-interval", "Between two polls of the scheduler, whose events are followed besides",
            Collector.DiscoveryInterval,
            (c, value) => c with { DiscoveryInterval = value });
        Time("--startup-time",
            "How long an instance runs before it counts as ready; an app's label lcm.metrics.startup replaces it",
            Collector.StartupTime,
            (c, value) => c with { StartupTime = value }, TimeSpan.Zero);
        Count("--max-body-bytes", "The longest answer of a target, in bytes", Collector.MaxBodyBytes,
            (c, value) => c with { MaxBodyBytes = value }, 1024);
        Count("--max-samples-per-scrape", "The most samples of one scrape", Collector.MaxSamplesPerScrape,
            (c, value) => c with { MaxSamplesPerScrape = value });
        Count("--max-series-per-target", "The most series that are kept of one target", Collector.MaxSeriesPerTarget,
            (c, value) => c with { MaxSeriesPerTarget = value });
        Count("--max-samples-per-series", "The most samples that are kept of one series", Collector.MaxSamplesPerSeries,
            (c, value) => c with { MaxSamplesPerSeries = value }, 2);
        Count("--max-concurrent-scrapes", "The most scrapes at the same time", Collector.MaxConcurrentScrapes,
            (c, value) => c with { MaxConcurrentScrapes = value });
        Count("--max-pushed-series", "The most series that pushed samples may make", Collector.MaxPushedSeries,
            (c, value) => c with { MaxPushedSeries = value });
        Time("--attempt-timeout", "The longest that one attempt of a call to what is scaled takes", Manager.AttemptTimeout,
            (m, value) => m with { AttemptTimeout = value }, most: Day);
        Time("--call-timeout", "The longest that such a call takes with its retries", Manager.CallTimeout,
            (m, value) => m with { CallTimeout = value }, most: Day);
        Time("--first-retry-delay", "Before a change that failed is tried again; doubles with each failure",
            Manager.FirstRetryDelay,
            (m, value) => m with { FirstRetryDelay = value });
        Time("--longest-retry-delay", "The longest such pause", Manager.LongestRetryDelay,
            (m, value) => m with { LongestRetryDelay = value });
        Count("--parallelism", "How many changes are applied side by side", Manager.Parallelism,
            (m, value) => m with { Parallelism = value });
        Count("--kept-decisions", "How many decisions are kept in all", Manager.KeptDecisions,
            (m, value) => m with { KeptDecisions = value });
        Count("--kept-decisions-per-app", "How many decisions are kept of one app", Manager.KeptDecisionsPerApp,
            (m, value) => m with { KeptDecisionsPerApp = value });
        Time("--history-interval", "Between two samples of the history", Manager.HistoryInterval,
            (m, value) => m with { HistoryInterval = value });
        Time("--kept-history", "How far the history goes back", Manager.KeptHistory,
            (m, value) => m with { KeptHistory = value });
        Count("--stream-clients", "How many clients may follow the decisions at once", Manager.StreamClients,
            (m, value) => m with { StreamClients = value });
        Count("--missing-at-least", "Scale-in never stops for fewer missing than this", Manager.Safety.MissingAtLeast,
            (m, value) => m with { Safety = m.Safety with { MissingAtLeast = value } });
        Time("--missing-recovery", "How long scale-in stays stopped after too much was missing", Manager.Safety.Recovery,
            (m, value) => m with { Safety = m.Safety with { Recovery = value } });
        Time("--missing-acceptance", "What has been missing for so long is taken as given", Manager.Safety.Acceptance,
            (m, value) => m with { Safety = m.Safety with { Acceptance = value } });
    }

    /// <summary>The options with what the command line says.</summary>
    public ManagerOptions Apply(ParseResult parse, ManagerOptions options) =>
        _parts.Aggregate(options, (so, part) => part(parse, so));

    private void Time(string name, string description, TimeSpan otherwise, Func<ManagerOptions, TimeSpan, ManagerOptions> set,
        TimeSpan? least = null, TimeSpan? most = null) =>
        Add(Setting.Of(
            _settings, name, description, Values.Time(least ?? TimeSpan.FromMilliseconds(10), most ?? TimeSpan.FromDays(366)),
            () => otherwise,
            DurationText.Format(otherwise)), set);

    private void Time(string name, string description, TimeSpan otherwise, Func<CollectorOptions, TimeSpan, CollectorOptions> set,
        TimeSpan? least = null, TimeSpan? most = null) =>
        Time(name, description, otherwise, (options, value) => options with { Collector = set(options.Collector!, value) }, least,
            most);

    private void Count(string name, string description, int otherwise, Func<ManagerOptions, int, ManagerOptions> set,
        int least = 1) =>
        Add(Setting.Of(_settings, name, description, Values.Count(least, int.MaxValue), () => otherwise, $"{otherwise}"), set);

    private void Count(string name, string description, int otherwise, Func<CollectorOptions, int, CollectorOptions> set,
        int least = 1) =>
        Count(name, description, otherwise, (options, value) => options with { Collector = set(options.Collector!, value) },
            least);

    private void Add<T>(Option<T> option, Func<ManagerOptions, T, ManagerOptions> set)
    {
        _command.Add(option);
        _parts.Add((parse, options) => set(options, parse.GetValue(option)!));
    }
}
