using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Scheduler.Core.Instances;

namespace LifecycleManager.Scheduler.Core.Deployments;

/// <summary>A deployment under way.</summary>
internal sealed record DeploymentStatus
{
    /// <summary>The id, a UUID.</summary>
    public required string Id { get; init; }

    /// <summary>The version of the tree that it leads to.</summary>
    public required DateTimeOffset Version { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>All steps in order.</summary>
    public required IReadOnlyList<PlannedStep> Steps { get; init; }

    /// <summary>The current step, from 0; equal to the count of the steps when all are done.</summary>
    public int CurrentStep { get; init; }

    /// <summary>The apps that it changes.</summary>
    public IEnumerable<AppId> AffectedApps => Steps.SelectMany(step => step.Actions).Select(action => action.App).Distinct();

    /// <summary>How many apps it changes that are left out here, since the reader may not see them.</summary>
    public int Unseen { get; init; }

    /// <summary>Why it was made, where somebody said so.</summary>
    public string? Reason { get; init; }

    /// <summary>Since when all is done that the current step does, and its pause goes on; null while it does not.</summary>
    public DateTimeOffset? HeldSince { get; init; }

    /// <summary>Somebody paused it: nothing more is replaced until it is resumed.</summary>
    public bool IsPaused { get; init; }

    /// <summary>It is a new version that starts beside the one that serves, and takes its place at once.</summary>
    public bool IsBlueGreen { get; init; }

    /// <summary>It takes apps back to what they were.</summary>
    public bool IsRollback { get; init; }

    /// <summary>The last answers of readiness checks, by task id.</summary>
    public IReadOnlyList<ReadinessResult> ReadinessResults { get; init; } = [];
}

/// <summary>Actions that go on side by side.</summary>
/// <param name="Actions">The actions, each on another app.</param>
internal sealed record PlannedStep(IReadOnlyList<PlannedAction> Actions)
{
    /// <summary>How long it rests before the next step; null for not at all.</summary>
    public StepPause? Pause { get; init; }
}

/// <summary>What a deployment does to one app.</summary>
/// <param name="Kind">What.</param>
/// <param name="App">The app.</param>
/// <param name="Stage">For a restart in stages: which; null for all of it.</param>
/// <param name="IsPod">The app stands for a pod.</param>
internal sealed record PlannedAction(DeploymentActionKind Kind, AppId App, RolloutStage? Stage = null, bool IsPod = false)
{
    /// <summary>The kind in Marathon's words: <c>ScaleApplication</c>, <c>ScalePod</c>.</summary>
    public string Name => IsPod ? Kind.ToString().Replace("Application", "Pod", StringComparison.Ordinal) : Kind.ToString();
}

/// <summary>The kinds of actions, in Marathon's words.</summary>
internal enum DeploymentActionKind
{
    /// <summary>The app is new; its first instances, none, are started.</summary>
    StartApplication,

    /// <summary>The count changes.</summary>
    ScaleApplication,

    /// <summary>Instances are replaced, keeping the upgrade strategy.</summary>
    RestartApplication,

    /// <summary>All instances end.</summary>
    StopApplication,
}
