using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Events;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Placement;

namespace LifecycleManager.Scheduler.Core.Context;

/// <summary>
/// What follows from some inputs. The order is the promise: first everything is written, durably and at once; only then are calls
/// sent, events published and requests answered. So whatever the outside sees has happened, and a launch is known before it
/// exists.
/// </summary>
internal sealed class Effects
{
    private readonly Dictionary<string, ReadOnlyMemory<byte>?> _writes = new(StringComparer.Ordinal);

    /// <summary>Calls to the master, in order.</summary>
    public List<SchedulerCall> Calls { get; } = [];

    /// <summary>Events, in order.</summary>
    public List<SchedulerEventMessage> Events { get; } = [];

    /// <summary>Answers to requests.</summary>
    public List<Action> Replies { get; } = [];

    /// <summary>Instances whose checks begin or end.</summary>
    public List<WatchOrder> Watches { get; } = [];

    /// <summary>What the metrics count.</summary>
    public List<Counted> Counts { get; } = [];

    /// <summary>Nothing follows: nothing has been changed.</summary>
    public bool AreNone => _writes.Count + Calls.Count + Events.Count + Replies.Count + Watches.Count + Counts.Count == 0;

    /// <summary>Takes over what follows from more, after what there is.</summary>
    public void Add(Effects more)
    {
        foreach (var (key, value) in more._writes) _writes[key] = value;
        Calls.AddRange(more.Calls);
        Events.AddRange(more.Events);
        Replies.AddRange(more.Replies);
        Watches.AddRange(more.Watches);
        Counts.AddRange(more.Counts);
    }

    /// <summary>Whether anything is to be written.</summary>
    public bool HasWrites => _writes.Count > 0;

    /// <summary>What is to be written under each key; null where it is to be deleted.</summary>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>?> Writes => _writes;

    /// <summary>Writes a key.</summary>
    public void Put(string key, byte[] value) => _writes[key] = value;

    /// <summary>Deletes a key.</summary>
    public void Delete(string key) => _writes[key] = null;
}

/// <summary>Begin (with a definition) or end (without) the checks of an instance.</summary>
internal sealed record WatchOrder(string TaskId, Instance? Instance, AppDefinition? Definition);

/// <summary>Something that the metrics count.</summary>
internal abstract record Counted;

internal sealed record LaunchCounted(AppId App) : Counted;

internal sealed record FailureCounted(AppId App) : Counted;

internal sealed record RefusalCounted(RefusalReasons Reason, int Count) : Counted;

internal sealed record DeploymentCounted(string Outcome) : Counted
{
    /// <summary>It was carried out; it was canceled.</summary>
    public const string Success = "success", Canceled = "canceled";

    /// <summary>How deployments end.</summary>
    public static readonly IReadOnlyList<string> Outcomes = [Success, Canceled];
}
