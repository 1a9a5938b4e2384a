using LifecycleManager.Decisions.Facts;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Engine.Islands;

/// <summary>
/// One app of an island: what rules over several apps see of it, and what they demand of it. An app without a policy is seen,
/// and never changed.
/// </summary>
internal sealed class IslandApp(AppRef app)
{
    /// <summary>The app as it was last known.</summary>
    public AppRef App { get; set; } = app;

    /// <summary>The absolute app id.</summary>
    public string Id => App.Id;

    /// <summary>What its policy remembers of it; null where it has none.</summary>
    public AppMemory? Memory { get; private set; }

    /// <summary>Whether it was seen at its target.</summary>
    public bool IsSeen { get; private set; }

    /// <summary>Its counts and the time.</summary>
    public AppFacts Facts { get; private set; }

    /// <summary>
    /// What its own rules want within its bounds: more than one number where a rule is unknown, since it may then want more.
    /// </summary>
    public Interval Own { get; private set; }

    /// <summary>The bounds that its policy has in force.</summary>
    public InstanceBounds Bounds { get; private set; }

    /// <summary>Whether its policy only watches.</summary>
    public bool IsDryRun => Memory?.Policy.DryRun ?? false;

    /// <summary>Whether a person has given its count, or switched it off: nothing is demanded of it.</summary>
    public bool IsOrdered { get; private set; }

    /// <summary>The rounds under way.</summary>
    public Standing Standing { get; } = new();

    /// <summary>What came of the last evaluation; null before the first.</summary>
    public Outcome? Outcome { get; set; }

    /// <summary>What a coordination that only watches would have demanded; null where none would.</summary>
    public Outcome? Watched { get; set; }

    /// <summary>How many instances of apps with a higher priority wait for a place.</summary>
    public Interval WaitingAbove { get; private set; }

    /// <summary>Room that was made, and has not been taken yet.</summary>
    public RoomMade? Room { get; set; }

    /// <summary>A digest of all that the island's rules may read of it.</summary>
    public int Seen { get; private set; }

    /// <summary>Takes in the app at a tick, after its own rules have spoken.</summary>
    /// <param name="facts">Its counts.</param>
    /// <param name="memory">What its policy remembers of it; null where it has none.</param>
    /// <param name="fault">Whether its own rules failed, so that nothing is known of what they want.</param>
    /// <param name="waitingAbove">How many instances of apps with a higher priority wait for a place.</param>
    public void Observe(in AppFacts facts, AppMemory? memory, bool fault, Interval waitingAbove)
    {
        (Facts, Memory, IsSeen, WaitingAbove) = (facts, memory, true, waitingAbove);
        if (memory is null)
        {
            Bounds = new InstanceBounds(facts.Instances, facts.Instances);
            (Own, IsOrdered) = (facts.Ordered ?? facts.Instances, false);
        }
        else
        {
            var all = memory.Opinions;

            // What was worse after the last scale-in is its own affair: it keeps or takes back what it needs.
            var wanted = Math.Max(all.Wanted.Count, memory.Watch.Least(facts.Instances));
            Bounds = all.Bounds;
            IsOrdered = facts.Ordered is not null || (!fault && all.IsSwitchedOff);
            Own = IsOrdered ? facts.Ordered ?? 0 : fault ? Unknown(facts.Instances, facts.Instances)
                : all.AnyUnknown ? Unknown(facts.Instances, wanted) : Bounds.Clamp(wanted);
        }

        Seen = Digest();
    }

    /// <summary>Remembers what a decision does: room that is made for others is waited for.</summary>
    public void Conclude(int to)
    {
        if (Outcome is { AtMost: >= 0, Room: null } outcome && to < Facts.Instances && to <= outcome.AtMost && !IsDryRun)
            Room = new RoomMade(to, Facts.Steady, WaitingAbove.Low);
    }

    /// <summary>The value of a metric that its policy reads; unknown where it reads none of this name.</summary>
    public Interval Metric(string name)
    {
        if (Memory is null) return Interval.Unknown;
        for (var i = 0; i < Memory.Policy.Reads.Length; i++)
        {
            if (Memory.Policy.Reads[i].Text == name) return Memory.App.Slots[Expressions.Slots.FirstRead + i];
        }

        return Interval.Unknown;
    }

    private int Digest()
    {
        var seen = new HashCode();
        seen.Add((Facts.Instances, Facts.Healthy, Facts.Staged, Own, Bounds, IsOrdered, WaitingAbove));
        seen.Add((App.Priority, App.Cpus, App.Memory, IsDryRun, Memory is null));
        if (Memory is not null)
        {
            foreach (var reading in Memory.App.Slots.AsSpan(Expressions.Slots.FirstRead)) seen.Add(reading);
        }

        return seen.ToHashCode();
    }

    /// <summary>What is unknown does not shrink, and may want more than is known.</summary>
    private Interval Unknown(int instances, int wanted)
    {
        var low = Bounds.Clamp(Math.Max(instances, wanted));
        return new Interval(low, Math.Max(low, Bounds.Max));
    }
}

/// <summary>Room that an app has made for others by having one instance fewer.</summary>
/// <param name="Count">The count that it went to.</param>
/// <param name="At">When, by the steady clock.</param>
/// <param name="Waiting">How many waited for it then.</param>
internal sealed record RoomMade(int Count, DateTimeOffset At, double Waiting);
