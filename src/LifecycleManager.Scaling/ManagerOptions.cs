using LifecycleManager.Metrics;
using LifecycleManager.Scaling.Safety;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Security;

namespace LifecycleManager.Scaling;

/// <summary>How a manager works. Times are positive; counts at least 1.</summary>
public sealed record ManagerOptions
{
    /// <summary>The scheduler (Marathon's REST API): ours, or a real Marathon.</summary>
    public Uri Scheduler { get; init; } = new("http://127.0.0.1:8080");

    /// <summary>Further addresses of the scheduler: its standbys. The first that answers is asked.</summary>
    public IReadOnlyList<Uri> OtherSchedulers { get; init; } = [];

    /// <summary>What is scaled; by default the scheduler.</summary>
    public TargetOptions Target { get; init; } = new();

    /// <summary>The directory with the policy files.</summary>
    public string RulesDirectory { get; init; } = "rules";

    /// <summary>How others reach this manager; published while it leads.</summary>
    public Uri Address { get; init; } = new("http://127.0.0.1:8090");

    /// <summary>Who may call; by default anybody may do everything.</summary>
    public Principals Principals { get; init; } = Principals.Anyone;

    /// <summary>Between two evaluations.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest that one attempt of a call to the target takes.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The longest that a call to the target takes, retries included.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many changes are applied side by side.</summary>
    public int Parallelism { get; init; } = 8;

    /// <summary>The first pause before a change that failed is tried again; doubles with each failure in a row.</summary>
    public TimeSpan FirstRetryDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest such pause.</summary>
    public TimeSpan LongestRetryDelay { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How many decisions are kept in all; the oldest go first.</summary>
    public int KeptDecisions { get; init; } = 20_000;

    /// <summary>How many decisions are kept of one app.</summary>
    public int KeptDecisionsPerApp { get; init; } = 200;

    /// <summary>What is never done, whatever the policies say.</summary>
    public SafetyOptions Safety { get; init; } = new();

    /// <summary>Between two samples of the history that <c>/v1/history</c> exports.</summary>
    public TimeSpan HistoryInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How far the history goes back; less where there are very many series.</summary>
    public TimeSpan KeptHistory { get; init; } = TimeSpan.FromHours(6);

    /// <summary>How many clients may follow the stream of decisions at once.</summary>
    public int StreamClients { get; init; } = 64;

    /// <summary>The collector that lives in this process; null makes one with the defaults for <see cref="Scheduler"/>.</summary>
    public CollectorOptions? Collector { get; init; }

    internal void Check()
    {
        Positive(Tick, nameof(Tick));
        ADayAtMost(AttemptTimeout, nameof(AttemptTimeout));
        ADayAtMost(CallTimeout, nameof(CallTimeout));
        Positive(FirstRetryDelay, nameof(FirstRetryDelay));
        Positive(LongestRetryDelay, nameof(LongestRetryDelay));
        AtLeastOne(Parallelism, nameof(Parallelism));
        AtLeastOne(KeptDecisions, nameof(KeptDecisions));
        AtLeastOne(KeptDecisionsPerApp, nameof(KeptDecisionsPerApp));
        AtLeastOne(StreamClients, nameof(StreamClients));
        AtLeastOne(Safety.ChangesPerMinute, nameof(Safety.ChangesPerMinute));
        AtLeastOne(Safety.MissingAtLeast, nameof(Safety.MissingAtLeast));
        if (Safety.MaxStep is { } step) AtLeastOne(step, nameof(Safety.MaxStep));
        Positive(Safety.Recovery, nameof(Safety.Recovery));
        Positive(Safety.Acceptance, nameof(Safety.Acceptance));
        Positive(HistoryInterval, nameof(HistoryInterval));
        Positive(KeptHistory, nameof(KeptHistory));
        if (!(Safety.MissingShare > 0))
        {
            throw new ArgumentOutOfRangeException(nameof(Safety.MissingShare), Safety.MissingShare,
                "the manager's MissingShare must be more than 0");
        }

        static void Positive(TimeSpan value, string name)
        {
            if (value <= TimeSpan.Zero)
                throw new ArgumentOutOfRangeException(name, value, $"the manager's {name} must be more than zero");
        }

        static void ADayAtMost(TimeSpan value, string name)
        {
            Positive(value, name);
            if (value > TimeSpan.FromDays(1))
                throw new ArgumentOutOfRangeException(name, value, $"the manager's {name} must be a day at most");
        }

        static void AtLeastOne(int value, string name)
        {
            if (value < 1) throw new ArgumentOutOfRangeException(name, value, $"the manager's {name} must be at least 1");
        }
    }
}
