using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Deployments;

/// <summary>A deployment under way.</summary>
internal sealed class ActiveDeployment
{
    public required string Id { get; init; }

    public required DateTimeOffset Version { get; init; }

    public required ClockReading Created { get; init; }

    public string? Reason { get; init; }

    public required IReadOnlyList<PlannedStep> Steps { get; init; }

    /// <summary>The affected apps as they were; null for new ones.</summary>
    public required IReadOnlyDictionary<AppId, AppRecord?> Before { get; init; }

    /// <summary>Goes back to what was: in one go, and never back again.</summary>
    public bool IsRollback { get; init; }

    /// <summary>Only one of the two versions serves at any moment.</summary>
    public bool IsBlueGreen { get; init; }

    /// <summary>How long a version may take to become healthy; null: as the app's label says.</summary>
    public TimeSpan? Patience { get; init; }

    public int CurrentStep { get; set; }

    public ClockReading StepStarted { get; set; }

    /// <summary>Nothing is held against it before this: a new leader has yet to see what is healthy.</summary>
    public TimeSpan JudgedFrom { get; set; }

    /// <summary>Since when the current step is done and its pause goes on.</summary>
    public ClockReading? HeldSince { get; set; }

    /// <summary>
    /// Somebody paused it: so many instances of each app are of the new version, and stay so. Null while it goes on.
    /// </summary>
    public IReadOnlyDictionary<AppId, int>? Frozen { get; set; }

    /// <summary>Promoted in full: no stage and no pause is heeded any more.</summary>
    public bool IsPromoted { get; set; }

    /// <summary>The pause of the current step has been ended by somebody.</summary>
    public bool MayPass { get; set; }

    /// <summary>Apps of the current step that are not done.</summary>
    public HashSet<AppId> Pending { get; } = [];

    /// <summary>What the current step does to an app, or null.</summary>
    public DeploymentActionKind? CurrentAction(AppId app) => CurrentStep >= Steps.Count
        ? null
        : Steps[CurrentStep].Actions.FirstOrDefault(action => action.App == app)?.Kind;

    /// <summary>The stage at which the current step holds an app; null where it is in none.</summary>
    public RolloutStage? CurrentStage(AppId app) => CurrentStep >= Steps.Count || (IsPromoted && !IsBlueGreen)
        ? null
        : Steps[CurrentStep].Actions.FirstOrDefault(action => action.App == app)?.Stage;

    /// <summary>How long the current step rests when it is done; null where it does not.</summary>
    public StepPause? CurrentPause => CurrentStep >= Steps.Count ? null : Steps[CurrentStep].Pause;

    /// <summary>The current step is a stage of a rollout.</summary>
    public bool IsAtStage => CurrentStep < Steps.Count && Steps[CurrentStep].Actions.Any(action => action.Stage is not null);

    /// <summary>Of an app that is deployed blue-green: whether the new version serves; null of any other.</summary>
    public bool? HasSwitched(AppId app)
    {
        if (!IsBlueGreen) return null;
        if (IsRollback) return true;
        var at = Steps.TakeWhile(step => step.Actions.All(action => action.App != app
            || action.Stage?.Kind != RolloutKind.Switched)).Count();
        return at == Steps.Count ? null : CurrentStep >= at;
    }

    /// <summary>The count of an app has changed since the deployment began.</summary>
    public bool IsRescaled(AppRecord record) => record.LastScalingAt > Version;

    /// <summary>Whether a later step changes an app.</summary>
    public bool IsAhead(AppId app) => Steps.Skip(CurrentStep + 1).Any(step => step.Actions.Any(action => action.App == app));

    /// <summary>Begins the current step; one of a stored deployment may be held already.</summary>
    public void BeginStep(ClockReading? heldSince = null)
    {
        Pending.Clear();
        HeldSince = heldSince;
        MayPass = false;
        if (CurrentStep < Steps.Count) Pending.UnionWith(Steps[CurrentStep].Actions.Select(action => action.App));
    }

    public DeploymentStatus Status(IReadOnlyList<ReadinessResult> readiness) => new()
    {
        Id = Id,
        Version = Version,
        CreatedAt = Created.Wall,
        Steps = Steps,
        CurrentStep = CurrentStep,
        Reason = Reason,
        HeldSince = HeldSince?.Wall,
        IsPaused = Frozen is not null,
        IsBlueGreen = IsBlueGreen,
        IsRollback = IsRollback,
        ReadinessResults = readiness,
    };
}
