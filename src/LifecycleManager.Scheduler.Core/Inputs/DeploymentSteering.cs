namespace LifecycleManager.Scheduler.Core.Inputs;

/// <summary>A word to a deployment.</summary>
internal enum DeploymentSteering
{
    /// <summary>Nothing more is replaced until it is resumed.</summary>
    Pause,

    /// <summary>It goes on from where it was paused.</summary>
    Resume,

    /// <summary>The pause that it is in is over.</summary>
    Promote,

    /// <summary>All its stages and pauses are over.</summary>
    PromoteFull,
}
