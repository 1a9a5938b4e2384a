using System.Diagnostics.CodeAnalysis;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Rules;

/// <summary>
/// The fact that rules match: one app under its policy, with its counts, its readings and the time. It changes between two
/// evaluations alone, so that conditions are pure; an app that comes under another policy is another fact.
/// </summary>
internal sealed class App
{
    /// <param name="id">The absolute app id.</param>
    /// <param name="set">The rules of the policy that governs it.</param>
    /// <param name="instances">Reads single instances.</param>
    public App(string id, RuleSet set, InstanceSource instances)
    {
        (Id, RuleSet, Source) = (id, set, instances);
        Slots = new Interval[Expressions.Slots.FirstRead + set.Reads.Length];
        Readings = new MetricReading[set.Reads.Length];
        States = new RuleState[set.Rules.Length];
        Opinions = new Opinions(this);
    }

    /// <summary>The absolute app id.</summary>
    public string Id { get; }

    /// <summary>The rules of the policy that governs it: another policy, or another text of it, is another fact.</summary>
    public RuleSet RuleSet { get; }

    /// <summary>The counts and the time.</summary>
    public AppFacts Facts { get; private set; }

    /// <summary>The last tick's time; this tick's where there was none.</summary>
    public DateTimeOffset Previous { get; private set; }

    /// <summary>Instances that were asked for and do not serve yet: staged, or not healthy while a deployment runs.</summary>
    public int Pending { get; private set; }

    /// <summary>Whether the count is another than at the last tick.</summary>
    public bool CountChanged { get; private set; }

    /// <summary>What the facts and the reads can be.</summary>
    public Interval[] Slots { get; }

    /// <summary>
    /// The same for what grows, which takes a silent instance for no less than an idle one, as the HPA does; those that start for
    /// idle ones, whatever they do; and a metric that is idle for any load from 0 up, so that it is no reason. Another array only
    /// while one of these makes a difference.
    /// </summary>
    [AllowNull]
    public Interval[] Growing { get => field ?? Slots; set; }

    /// <summary>What was read, by read.</summary>
    public MetricReading[] Readings { get; }

    /// <summary>What each rule remembers of the app.</summary>
    public RuleState[] States { get; }

    /// <summary>What the rules ask for.</summary>
    public Opinions Opinions { get; }

    /// <summary>Whether a read is not a value of all instances: some are silent, or start, or it is idle.</summary>
    public bool IsPartial { get; set; }

    private InstanceSource Source { get; }

    /// <summary>Another tick.</summary>
    public void Observe(AppFacts facts, DateTimeOffset previous, int pending, bool countChanged) =>
        (Facts, Previous, Pending, CountChanged) = (facts, previous, pending, countChanged);

    /// <summary>The readings per instance behind a slot; empty for sources without instances.</summary>
    public List<InstanceReading> Instances(int slot) => Source.Read(this, slot);

    /// <summary>Whether a read lacks the share of some instances.</summary>
    public bool IsSilent { get; set; }

    /// <summary>The slots as people are shown them: what is open is told by its least.</summary>
    public Interval[] Shown => IsSilent ? Growing : Slots;

    /// <summary>Whether what is behind a slot is idle.</summary>
    public bool IsIdle(int slot) => Readings[slot - Expressions.Slots.FirstRead].Absence == Absence.Idle;

    /// <summary>
    /// What a slot's metric counts as, for people and for the record; NaN where it is not known.
    /// </summary>
    public double Counted(int slot) => IsIdle(slot) ? Slots[slot].Point : Readings[slot - Expressions.Slots.FirstRead].Value;

    /// <summary>
    /// Whether a rule lacks the share of some instances, or waits for what is idle or starts, and misses nothing.
    /// </summary>
    public bool IsPartialFor(int rule)
    {
        var partial = false;
        foreach (var slot in RuleSet.Rules[rule].Reads)
        {
            ref readonly var reading = ref Readings[slot - Expressions.Slots.FirstRead];
            if (reading.Absence == Absence.Missing) return false;
            partial |= !Slots[slot].IsPoint;
        }

        return partial;
    }
}
