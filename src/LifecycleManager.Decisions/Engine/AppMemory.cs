using LifecycleManager.Decisions.Engine.Islands;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Engine;

/// <summary>What changed a count after the rules spoke.</summary>
internal enum StepKind
{
    MissingMetrics,
    Suspended,
    BoundsMin,
    BoundsMax,
    OutOfBounds,
    Stabilization,
    Limit,
    Disabled,
    Pause,
    Cooldown,
    AtLeast,
    AtMost,
    NoScaleIn,
    NoScaleOut,
    Budget,
    TakenBack,
    WorseBefore,
    NoBetter,
}

/// <summary>One <see cref="Adjustment"/> before it is put in words.</summary>
internal readonly record struct Correction(StepKind Kind, int From, int To, int Detail);

/// <summary>
/// What the engine remembers of one app under its policy: the fact that the rules match, and what was done to it.
/// </summary>
internal sealed class AppMemory(Policy policy, App app)
{
    /// <summary>The fact.</summary>
    public App App => app;

    /// <summary>The policy that governs the app: what is not a rule may be that of a newer text.</summary>
    public Policy Policy { get; set; } = policy;

    public AppFacts Facts => app.Facts;

    public Opinions Opinions => app.Opinions;

    /// <summary>Where its rules are evaluated.</summary>
    public required PolicySession Session { get; init; }

    /// <summary>What rules over several apps see of it, and demand of it; null where nothing ties it to others.</summary>
    public IslandApp? Island { get; set; }

    /// <summary>What is demanded of it for the sake of others.</summary>
    public Outcome Outcome => Island?.Outcome ?? Outcome.None;

    /// <summary>The policy set that the policy was chosen from.</summary>
    public int Generation { get; set; } = -1;

    /// <summary>The history that its forecasts were last taught from.</summary>
    public int Learning { get; set; }

    public IReadOnlyDictionary<string, string>? Labels { get; set; }

    /// <summary>When time alone may change what its rules say.</summary>
    public Due Due { get; set; } = Due.Now;

    /// <summary>When what alone holds its count back ends: a cooldown, a limit's period, a window. The steady clock's.</summary>
    public DateTimeOffset HeldUntil { get; set; } = DateTimeOffset.MaxValue;

    /// <summary>Whether <see cref="Due"/> is to be found anew, since its rules were run.</summary>
    public bool IsDueAnew { get; set; }

    /// <summary>A digest of what its rules looked at beside the fact.</summary>
    public int Seen { get; set; }

    /// <summary>The array for <see cref="App.Growing"/>, kept for the next time.</summary>
    public Interval[]? Partial { get; set; }

    public bool Ticked { get; set; }

    /// <summary>What another process remembered of the app, until its first tick.</summary>
    public StoredMemory? Stored { get; set; }

    /// <summary>Whether a rule goes on with a wait of another process, if its condition still holds.</summary>
    public bool IsRestored { get; set; }

    public DateTimeOffset MissingSince { get; set; }

    public int AskedFrom { get; private set; } = -1;

    public int AskedTo { get; private set; } = -1;

    public DateTimeOffset AskedAt { get; private set; }

    public int To { get; set; }

    public Correction[] Steps { get; } = new Correction[16];

    public int StepCount { get; set; }

    public Decision? Last { get; set; }

    /// <summary>The watch over its last scale-in.</summary>
    public ScaleInWatch Watch { get; } = new();

    /// <summary>The watch over its last scale-outs.</summary>
    public ScaleOutWatch Growth { get; } = new();

    public int LastSignature { get; set; }

    // Structs that change in place: fields, not properties.
    public ScaleEvents Events = new();
    public ExtremeWindow Highest = new(greatest: true);
    public ExtremeWindow Lowest = new(greatest: false);

    /// <summary>
    /// Takes over from the app's memory under another text of the same policy: what was done to the app still counts for limits
    /// and windows, timers do not.
    /// </summary>
    public void Succeed(AppMemory before)
    {
        (Events, Highest, Lowest, Ticked) = (before.Events, before.Highest, before.Lowest, before.Ticked);
        (AskedFrom, AskedTo, AskedAt) = (before.AskedFrom, before.AskedTo, before.AskedAt);
        Watch.GoOn(before.Watch);
        Watch.ForgetMetric();
        Growth.GoOn(before.Growth);
        Growth.ForgetMetric();
        app.Observe(before.App.Facts, before.App.Previous, before.App.Pending, countChanged: false);
    }

    /// <summary>Something holds the count back until an instant of the steady clock.</summary>
    public void HoldUntil(DateTimeOffset end)
    {
        if (end < HeldUntil) HeldUntil = end;
    }

    /// <summary>The count that was decided is asked for, where it is another; with it goes how things are now.</summary>
    public void Ask()
    {
        if (To != Facts.Instances && !Policy.DryRun) Ask(Facts.Instances, To, Facts.Steady);
        if (To < Facts.Instances) Watch.Ask(this);
        if (To > Facts.Instances) Growth.Ask(this);
    }

    /// <summary>A change is asked for: it counts once the facts show it. To -1: none is.</summary>
    public void Ask(int from, int to, DateTimeOffset at) => (AskedFrom, AskedTo, AskedAt) = (from, to, at);

    /// <summary>Remembers a step that changed something, and gives the new count.</summary>
    public int Adjust(StepKind kind, int from, int to, int detail = 0)
    {
        if (StepCount < Steps.Length) Steps[StepCount++] = new Correction(kind, from, to, detail);
        return to;
    }
}
