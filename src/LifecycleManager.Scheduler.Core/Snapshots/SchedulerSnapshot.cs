using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Launching;

namespace LifecycleManager.Scheduler.Core.Snapshots;

/// <summary>Everything at one moment. Immutable; made anew after each change, sharing what did not change.</summary>
internal sealed record SchedulerSnapshot
{
    /// <summary>The tree of groups and apps as they are meant to be.</summary>
    public required GroupDefinition Root { get; init; }

    /// <summary>Every app that is defined or still has instances, by id.</summary>
    public required IReadOnlyDictionary<AppId, AppStatus> Apps { get; init; }

    /// <summary>Every instance by task id.</summary>
    public required IReadOnlyDictionary<string, Instance> Instances { get; init; }

    /// <summary>Deployments under way, oldest first.</summary>
    public required IReadOnlyList<DeploymentStatus> Deployments { get; init; }

    /// <summary>Apps with instances that wait for an offer or a delay.</summary>
    public required IReadOnlyList<LaunchQueueItem> Queue { get; init; }

    /// <summary>How it stands with the master.</summary>
    public required FrameworkStatus Framework { get; init; }

    /// <summary>Who leads.</summary>
    public required LeaderStatus Leader { get; init; }

    /// <summary>What is stored and cannot be read.</summary>
    internal Unreadable Unreadable { get; init; } = Unreadable.None;
}

/// <summary>One app with what runs of it.</summary>
internal sealed record AppStatus
{
    /// <summary>The app as it is meant to be; of a removed app, the last definition.</summary>
    public required AppDefinition Definition { get; init; }

    /// <summary>Removed from the tree; instances are still ending.</summary>
    public bool IsRemoved { get; init; }

    /// <summary>The version that last changed the count.</summary>
    public required DateTimeOffset LastScalingAt { get; init; }

    /// <summary>The version that last changed anything else.</summary>
    public required DateTimeOffset LastConfigChangeAt { get; init; }

    /// <summary>Its instances of all versions, oldest first.</summary>
    public IReadOnlyList<Instance> Instances { get; init; } = [];

    /// <summary>Deployments that change it now.</summary>
    public IReadOnlyList<string> DeploymentIds { get; init; } = [];

    /// <summary>The last instance that failed.</summary>
    public InstanceFailure? LastFailure { get; init; }

    /// <summary>
    /// During a blue-green deployment: the configuration that serves, and whether it is all but that one that does; null while
    /// all do.
    /// </summary>
    internal (DateTimeOffset Config, bool AllButIt)? Serving { get; init; }

    /// <summary>Whether an instance is to be given work: while two versions stand side by side, only one of them is.</summary>
    public bool Serves(Instance instance) =>
        Serving is not { } serving || (instance.ConfigVersion == serving.Config) != serving.AllButIt;

    /// <summary>Instances that are being brought up.</summary>
    public int Staged { get; init; }

    /// <summary>Instances that run and are not being ended.</summary>
    public int Running { get; init; }

    /// <summary>Running instances that pass all their health checks.</summary>
    public int Healthy { get; init; }

    /// <summary>Running instances that fail a health check.</summary>
    public int Unhealthy { get; init; }

    /// <summary>The stored versions, newest first.</summary>
    public IReadOnlyList<DateTimeOffset> Versions { get; init; } = [];

    /// <summary>The policy that owns the count, or null.</summary>
    public string? CountOwner { get; init; }

    /// <summary>A person has ordered 0 instances, and nobody has asked for more since.</summary>
    public bool IsSuspended { get; init; }

    /// <summary>Why no instance of it may be started, though it may run; null where it may be.</summary>
    public string? NotAdmitted { get; init; }

    /// <summary>When the app was made; one that is deleted and made anew under its id has another.</summary>
    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>How it stands with the master.</summary>
/// <param name="FrameworkId">The id, once the master has given one.</param>
/// <param name="Connected">Whether the event stream is open.</param>
/// <param name="Master">The master in use, <c>http://host:port</c>.</param>
internal sealed record FrameworkStatus(string? FrameworkId, bool Connected, string? Master);

/// <summary>Who leads.</summary>
/// <param name="IsLeading">Whether it is this scheduler, with its state loaded.</param>
/// <param name="Address">The leader's address, or null while none is known.</param>
/// <param name="ElectedAt">Since when this scheduler leads.</param>
internal sealed record LeaderStatus(bool IsLeading, string? Address, DateTimeOffset? ElectedAt);
