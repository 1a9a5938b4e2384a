using LifecycleManager.Decisions.Facts;

namespace LifecycleManager.Decisions.Rules;

/// <summary>One rule of a policy, compiled. Immutable: what it remembers of an app lies with the app.</summary>
public abstract class Rule
{
    /// <summary>The name, unique within the policy.</summary>
    public required string Name { get; init; }

    /// <summary>Where it was read from.</summary>
    public required SourcePlace Place { get; init; }

    /// <summary>The rule's index in its policy.</summary>
    internal int Index { get; init; }

    /// <summary>The slots of the reads that it needs.</summary>
    internal abstract IReadOnlyList<int> Reads { get; }

    /// <summary>The values that a chart may draw beside a metric.</summary>
    internal virtual IEnumerable<(int Slot, Expressions.NumberCode Value)> Thresholds => [];

    /// <summary>Whether each tick may change what it says, though nothing that was read has changed.</summary>
    internal virtual bool ChangesAnyTime => false;

    /// <summary>
    /// A digest of what it looks at beside the app's counts and readings; the same while nothing of it changes.
    /// </summary>
    internal virtual int Seen(App app) => 0;

    /// <summary>
    /// What the rules of the rule engine depend on that it consists of; rules of one kind in the same place share them.
    /// </summary>
    internal abstract string Kind { get; }

    /// <summary>Makes the rules of the rule engine that it consists of: of its <see cref="Kind"/> and its place alone.</summary>
    internal abstract void Define(RuleDefinitions rules);

    /// <summary>What it asks for of an app once whatever it waits for is over: for those who look into policies.</summary>
    internal abstract RuleOpinion Ask(App app);

    /// <summary>When time alone may change what it says of an app next; nothing to be said is <see cref="Due.Never"/>.</summary>
    internal virtual Due NextDue(App app) => Due.Never;

    /// <summary>An opinion's reason for people, with the values it saw.</summary>
    internal abstract string Describe(in RuleOpinion opinion, App app);

    /// <summary>The same, with what of it is idle, and why it does not grow.</summary>
    internal string Tell(in RuleOpinion opinion, App app)
    {
        var text = Describe(opinion, app);
        if (opinion.Stays) text += "; it stays, since what is idle or starts is no reason to grow";
        var idle = Reads.Where(app.IsIdle).Distinct()
            .Select(slot => app.RuleSet.Reads[slot - Expressions.Slots.FirstRead].Text).ToArray();
        return idle.Length == 0 ? text : $"{text} ({string.Join(", ", idle)} idle)";
    }
}
