using System.Collections.Immutable;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Manager.Status;

/// <summary>What the manager knows, as of its last tick.</summary>
internal sealed record ManagerSnapshot
{
    /// <summary>Before the first tick.</summary>
    public static readonly ManagerSnapshot Empty = new();

    /// <summary>Whether this manager leads, and so evaluates.</summary>
    public bool Leading { get; init; }

    /// <summary>The last tick; null before the first.</summary>
    public TickReport? LastTick { get; init; }

    /// <summary>The last tick that saw the target; null for none.</summary>
    public DateTimeOffset? TargetSeenAt { get; init; }

    /// <summary>The apps that are governed.</summary>
    public ImmutableSortedDictionary<string, GovernedApp> Apps { get; init; } =
        ImmutableSortedDictionary.Create<string, GovernedApp>(StringComparer.Ordinal);

    /// <summary>Apps that no policy governs, by number.</summary>
    public int Ungoverned { get; init; }

    /// <summary>Apps that the target does not list any more, by number, though it does not say that they are gone.</summary>
    public int Unlisted { get; init; }

    /// <summary>What is wrong with coordinations and budgets as things are: a name that no app has, for one.</summary>
    public IReadOnlyList<string> CoordinationProblems { get; init; } = [];

    /// <summary>What is used of the budgets.</summary>
    public IReadOnlyList<BudgetUse> Budgets { get; init; } = [];

    /// <summary>All apps of the target, governed or not, as of the last tick; null before it.</summary>
    public IReadOnlyList<AppRef>? TargetApps { get; init; }

    /// <summary>Policies in force that have no effect, or a rule without one.</summary>
    public IReadOnlyList<PolicyProblem> Findings { get; init; } = [];

    /// <summary>Why scale-in is stopped everywhere; null where it is not.</summary>
    public string? ScaleInStopped { get; init; }

    /// <summary>Outcomes that are known but not yet in the store.</summary>
    public int UnsavedOutcomes { get; init; }
}

/// <summary>What one tick did.</summary>
/// <param name="At">The instant it decided for.</param>
/// <param name="Why">What asked for it: <c>tick</c>, <c>schedule POLICY/RULE</c>, <c>policies changed</c>,
/// <c>pauses changed</c>, <c>readings or time</c> for a round between two ticks that could not be carried out.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Took">From its start to its end; changes are applied beside it.</param>
/// <param name="Governed">How many apps are governed.</param>
/// <param name="Changes">How many changes it set off.</param>
/// <param name="Problem">Why it could not be carried out; null where it was.</param>
internal sealed record TickReport(
    DateTimeOffset At, string Why, TickOutcome Outcome, TimeSpan Took, int Governed, int Changes, string? Problem);

/// <summary>How a tick ended.</summary>
internal enum TickOutcome
{
    /// <summary>Everything was evaluated.</summary>
    Ok,

    /// <summary>Another manager leads.</summary>
    NotLeading,

    /// <summary>The target could not be read: nothing was decided.</summary>
    TargetUnavailable,

    /// <summary>Decisions could not be put on record: nothing was changed.</summary>
    StoreUnavailable,

    /// <summary>A defect.</summary>
    Failed,
}

/// <summary>One governed app as of the last tick.</summary>
internal sealed record GovernedApp
{
    public required string App { get; init; }
    public required string Policy { get; init; }
    public required int Instances { get; init; }
    public required int Running { get; init; }
    public required int Healthy { get; init; }
    public required int Staged { get; init; }
    public required bool Deploying { get; init; }
    public required int Min { get; init; }
    public required int Max { get; init; }

    /// <summary>What the last evaluation wanted; a hold that goes on has the values with which it began.</summary>
    public required Decision Evaluation { get; init; }

    public IReadOnlyList<KeyValuePair<string, double?>> Metrics { get; init; } = [];
    public IReadOnlyList<KeyValuePair<string, double?>> Thresholds { get; init; } = [];

    /// <summary>Whether a rule could not be decided since a metric is missing.</summary>
    public bool MetricsMissing { get; init; }

    /// <summary>That nothing is scaled in, since things were worse after the last scale-in; null where it may be.</summary>
    public ScalingHold? ScaleInHeld { get; init; }

    /// <summary>That nothing is scaled out, since the last scale-outs have not helped; null where it may be.</summary>
    public ScalingHold? ScaleOutHeld { get; init; }

    /// <summary>For how long its instances count as starting; null where nothing of them is collected.</summary>
    public StartupTime? Startup { get; init; }

    /// <summary>Whether a change is on its way to the target.</summary>
    public bool InFlight { get; init; }

    /// <summary>When a change that failed is tried again; null where nothing waits.</summary>
    public DateTimeOffset? NextTry { get; init; }
}
