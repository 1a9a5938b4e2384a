using System.ComponentModel.DataAnnotations;
using LifecycleManager.Decisions.Recommending;
using LifecycleManager.Metrics;
using LifecycleManager.Runtime;
using LifecycleManager.Scaling.Execution;
using LifecycleManager.Scaling.Safety;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Security;

namespace LifecycleManager.Manager;

/// <summary>How a manager works.</summary>
public sealed record ManagerOptions
{
    private const long Megabyte = 1024 * 1024;
    private static readonly Recommender Sizes = new();

    /// <summary>The scheduler (Marathon's REST API): ours, or a real Marathon.</summary>
    public Uri Scheduler { get; init; } = new("http://127.0.0.1:8080");

    /// <summary>Further addresses of the scheduler: its standbys. The first that answers is asked.</summary>
    public IReadOnlyList<Uri> OtherSchedulers { get; init; } = [];

    /// <summary>What is scaled; by default the scheduler.</summary>
    public TargetOptions Target { get; init; } = new();

    /// <summary>The directory with the policy files.</summary>
    public string RulesDirectory { get; init; } = "rules";

    /// <summary>Whether policy files are written there by who may operate, by the API; by default nobody writes there.</summary>
    public bool RulesWritable { get; init; }

    /// <summary>
    /// Whether rules in C# in that directory are compiled and run, with all the rights of this process; by default they are not.
    /// </summary>
    public bool CSharpRules { get; init; }

    /// <summary>
    /// Whether it only tells what it would do: every policy, coordination and schedule is a dry run, and the target is never
    /// changed.
    /// </summary>
    public bool DryRun { get; init; }

    /// <summary>How others reach this manager; published while it leads.</summary>
    public Uri Address { get; init; } = new("http://127.0.0.1:8090");

    /// <summary>Who may call; by default anybody may do everything.</summary>
    public Principals Principals { get; init; } = Principals.Anyone;

    /// <summary>Between two evaluations. From 100ms to 1h.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan Tick { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest that one attempt of a call to the target takes. From 10ms to 1d.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The longest that a call to the target takes, retries included. From 10ms to 1d.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many changes are applied side by side. From 1 to 1000.</summary>
    [Range(1, 1_000)]
    public int Parallelism { get; init; } = 8;

    /// <summary>
    /// The first pause before a change that failed is tried again; doubles with each failure in a row.
    /// From 10ms to 1d.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    public TimeSpan FirstRetryDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest such pause. From 10ms to 1d.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How many decisions are kept in all; the oldest go first. From 1 to 10000000.</summary>
    [Range(1, 10_000_000)]
    public int KeptDecisions { get; init; } = 20_000;

    /// <summary>How many decisions are kept of one app. From 1 to 1000000.</summary>
    [Range(1, 1_000_000)]
    public int KeptDecisionsPerApp { get; init; } = 200;

    /// <summary>The tables of decisions and of the audit; null where the state alone keeps them.</summary>
    public TableOptions? Tables { get; init; }

    /// <summary>Decisions in the table that are older go. From 1m to 3650d.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan KeptInTable { get; init; } = TimeSpan.FromDays(90);

    /// <summary>
    /// The oldest decisions in the table go while they are more, with their indexes, in MB. From 1 to 10000000.
    /// </summary>
    [Range(1, 10_000_000)]
    public int KeptInTableMegabytes { get; init; } = 5_000;

    /// <summary>The OpenTelemetry collector that gets traces, by OTLP over HTTP; null for none.</summary>
    public Uri? Otlp { get; init; }

    /// <summary>The file of the webhooks that are told of decisions; null for none.</summary>
    public string? WebhooksFile { get; init; }

    /// <summary>Limits that hold whatever the policies say.</summary>
    public SafetyOptions Safety { get; init; } = new();

    /// <summary>Between two samples of the history that <c>/v1/history</c> exports. From 10ms to 1d.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    public TimeSpan HistoryInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How far the history goes back; less where there are very many series. From 10ms to 365d.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "365.00:00:00")]
    public TimeSpan KeptHistory { get; init; } = TimeSpan.FromHours(6);

    /// <summary>The least cpus that are recommended to an app, in cores. From 0.001 to 1000.</summary>
    [Range(0.001, 1_000)]
    public double LeastCpus { get; init; } = Sizes.LeastMillicores / 1000.0;

    /// <summary>The least memory that is recommended to an app, in MB. From 1 to 1000000.</summary>
    [Range(1, 1_000_000)]
    public int LeastMemory { get; init; } = (int)(Sizes.LeastBytes / Megabyte);

    /// <summary>How many clients may follow the stream of decisions at once. From 1 to 100000.</summary>
    [Range(1, 100_000)]
    public int StreamClients { get; init; } = 64;

    /// <summary>The collector that lives in this process; null makes one with the defaults for <see cref="Scheduler"/>.</summary>
    public CollectorOptions? Collector { get; init; }

    /// <summary><see cref="Target"/>, by default at the scheduler's addresses.</summary>
    internal TargetOptions ScaledTarget => Target is { Kind: TargetKind.Marathon, Address: null }
        ? Target with { Address = Scheduler, OtherAddresses = OtherSchedulers }
        : Target;

    internal Recommender Recommender =>
        Sizes with { LeastMillicores = (long)(LeastCpus * 1000), LeastBytes = LeastMemory * Megabyte };

    internal ExecutionOptions Execution => new(Parallelism, FirstRetryDelay, MaxRetryDelay);

    /// <summary>Checks the declared ranges; those of <see cref="Collector"/> its own constructor checks.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal void Check()
    {
        OptionRanges.Check(this);
        OptionRanges.Check(Safety);
    }
}
