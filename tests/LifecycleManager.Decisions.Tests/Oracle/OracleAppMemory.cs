using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tests.Oracle;

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
}

/// <summary>One <see cref="Adjustment"/> before it is put in words.</summary>
internal readonly record struct Correction(StepKind Kind, int From, int To, int Detail);

/// <summary>What the engine remembers of one app. Its arrays are made once for a policy and used at every tick.</summary>
internal sealed class OracleAppMemory(string id)
{
    public string Id { get; } = id;

    public Policy? Policy { get; set; }

    public OracleRule[] RuleArray { get; private set; } = [];

    /// <summary>The policy set that <see cref="Policy"/> was chosen from.</summary>
    public int Generation { get; set; } = -1;

    /// <summary>The history that its forecasts were last taught from.</summary>
    public int Learning { get; set; }

    public IReadOnlyDictionary<string, string>? Labels { get; set; }

    public Interval[] Slots { get; set; } = [];

    /// <summary>The slots for what only grows; null while they are no others.</summary>
    public Interval[]? Growing { get; set; }

    /// <summary>The array of <see cref="Growing"/>, kept for the next time.</summary>
    public Interval[]? Partial { get; set; }

    /// <summary>What was read, by read.</summary>
    public MetricReading[] Readings { get; set; } = [];

    public RuleState[] Rules { get; set; } = [];

    public RuleOpinion[] Opinions { get; set; } = [];

    public bool Ticked { get; set; }

    public AppFacts Facts { get; set; }

    public int Pending { get; set; }

    public bool CountChanged { get; set; }

    public DateTimeOffset Previous { get; set; }

    public InstanceBounds Bounds { get; set; }

    public DateTimeOffset MissingSince { get; set; }

    public int AskedFrom { get; set; } = -1;

    public int AskedTo { get; set; } = -1;

    public DateTimeOffset AskedAt { get; set; }

    public int Winner { get; set; }

    public int To { get; set; }

    /// <summary>Whether a rule could not be decided, so that nothing shrinks.</summary>
    public bool AnyUnknown { get; set; }

    /// <summary>Whether that was for want of a metric, and not only for want of some instances' share of it.</summary>
    public bool AnyMissing { get; set; }

    /// <summary>Whether a rule could not be decided for want of some instances' share of a metric.</summary>
    public bool AnyPartial { get; set; }

    public Correction[] Steps { get; } = new Correction[8];

    public int StepCount { get; set; }

    public Decision? Last { get; set; }

    public int LastSignature { get; set; }

    // Structs that change in place: fields, not properties.
    public ScaleEvents Events = new();
    public ExtremeWindow Highest = new(greatest: true);
    public ExtremeWindow Lowest = new(greatest: false);

    /// <summary>Takes a policy; true where its rules begin without memory.</summary>
    public bool Adopt(Policy policy)
    {
        if (Policy?.Digest == policy.Digest && Policy.Name == policy.Name)
        {
            Policy = policy;
            return false;
        }

        // Another text under the same name: what was done to the app still counts for limits and windows, timers do not.
        if (Policy?.Name != policy.Name)
        {
            Events.Clear();
            Highest.Clear();
            Lowest.Clear();
            Ticked = false;

            // Else a change that is on its way still counts: an edit of the policy at that moment was a way around its limits.
            AskedTo = -1;
        }

        Policy = policy;
        RuleArray = [.. policy.RuleArray.Select(OracleRules.Of)];
        Slots = new Interval[LifecycleManager.Decisions.Expressions.Slots.FirstRead + policy.Reads.Length];
        Growing = Partial = null;
        Readings = new MetricReading[policy.Reads.Length];
        Rules = new RuleState[RuleArray.Length];
        Opinions = new RuleOpinion[RuleArray.Length];
        Bounds = policy.Instances;
        MissingSince = default;
        Last = null;
        return true;
    }

    /// <summary>Whether a rule lacks the share of some instances and nothing else.</summary>
    public bool IsPartial(int rule)
    {
        var partial = false;
        if (Growing is null) return false;
        foreach (var slot in RuleArray[rule].Reads)
        {
            ref readonly var reading = ref Readings[slot - LifecycleManager.Decisions.Expressions.Slots.FirstRead];
            if (!reading.IsKnown) return false;
            partial |= !reading.Range.IsPoint;
        }

        return partial;
    }

    /// <summary>Remembers a step that changed something, and gives the new count.</summary>
    public int Adjust(StepKind kind, int from, int to, int detail = 0)
    {
        if (StepCount < Steps.Length) Steps[StepCount++] = new Correction(kind, from, to, detail);
        return to;
    }
}
