using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Events;
using LifecycleManager.Scheduler.Mesos;

namespace LifecycleManager.Scheduler.State.Core;

/// <summary>
/// The scheduler's state and every decision about it, without clock, network, threads or storage: inputs go in with the time at
/// which they came, <see cref="Settle"/> draws the conclusions, <see cref="TakeEffects"/> gives what is to be done about them.
/// </summary>
internal sealed partial class SchedulerCore
{
    private readonly SchedulerOptions _options;
    private readonly Random _random;
    private readonly Dictionary<AppId, AppEntry> _apps = [];
    private readonly Dictionary<string, AppEntry> _appOf = new(StringComparer.Ordinal);
    private readonly List<ActiveDeployment> _deployments = [];
    private readonly List<StoredChange> _history;
    private readonly HashSet<AppId> _dirty = [];
    private readonly HashSet<AppId> _stale = [];
    private readonly SetAside _aside;
    private GroupDefinition _root;
    private string? _frameworkId;
    private DateTimeOffset _lastVersion;
    private Effects _effects = new();

    public SchedulerCore(SchedulerOptions options, Random random, LoadedState loaded, Moment now)
    {
        (_options, _random) = (options, random);
        _frameworkId = loaded.FrameworkId;
        _history = [.. loaded.History];
        _root = loaded.Root;
        _aside = new SetAside(loaded);
        foreach (var record in loaded.Apps)
        {
            _apps[record.Definition.Id] = new AppEntry(record.Definition.Id) { Record = record };
            Remember(record.Definition.Version);
        }

        foreach (var record in loaded.Older)
        {
            if (_aside.Holds(record.Definition.Id))
            {
                _aside.Remember(record);
                continue;
            }

            if (!_apps.TryGetValue(record.Definition.Id, out var entry))
                _apps[record.Definition.Id] = entry = new AppEntry(record.Definition.Id) { Record = record, IsRemoved = true };
            entry.Older[record.Definition.Version] = record;
        }

        foreach (var change in _history) Remember(Instants.Read(change.Version));
        foreach (var instance in loaded.Instances) Adopt(instance);
        foreach (var stored in loaded.Deployments) Resume(stored, now);
        if (_aside.HasDeployments) SetUnsettledAside();
        _aside.Show();
        foreach (var delay in loaded.Delays) Resume(delay);
        foreach (var app in _apps.Keys) Touch(app);
        _nextReconciliation = now.Clock + options.ReconciliationInterval;
    }

    /// <summary>The framework's id, once the master has given one.</summary>
    public string? FrameworkId => _frameworkId;

    /// <summary>The subscription that the calls of the effects belong to.</summary>
    public long Session { get; private set; }

    /// <summary>The master in use, or null.</summary>
    public Uri? Master { get; private set; }

    /// <summary>Takes an input. What follows from it is drawn in <see cref="Settle"/>, for many inputs at once.</summary>
    public void Handle(SchedulerInput input, Moment now)
    {
        switch (input)
        {
            case FromMaster { Signal: MasterSubscribed subscribed }:
                Subscribed(subscribed, now);
                break;
            case FromMaster { Signal: MasterLost lost }:
                Lost(lost, now);
                break;
            case FromMaster { Signal: MasterEvent @event }:
                if (@event.Session == Session) FromMaster(@event.Event, now);
                break;
            case HealthReported health:
                Health(health, now);
                break;
            case ReadinessReported readiness:
                Readiness(readiness.Result);
                break;
            case Tick:
                // Each turn does what is due; this one was for that alone.
                break;
            case Request request:
                Serve(request, now);
                break;
            default:
                throw new InvalidOperationException($"an input of an unknown kind: {input.GetType().Name}");
        }
    }

    /// <summary>Does what is due, decides about every app that something happened to, goes on with deployments, and uses offers.</summary>
    public void Settle(Moment now)
    {
        PassTime(now);
        Decide(now);
        UseOffers(now);
        Decide(now);
        AskForOffers(now);
        StoreClock(now);
    }

    /// <summary>What is to be done; the next effects begin empty.</summary>
    public Effects TakeEffects()
    {
        var effects = _effects;
        _effects = new Effects();
        return effects;
    }

    /// <summary>
    /// Serves a request. One that fails before it has changed anything, is answered with what it failed by and leaves all as it was;
    /// one that fails half way ends the term.
    /// </summary>
    private void Serve(Request request, Moment now)
    {
        var before = _effects;
        _effects = new Effects();
        try
        {
            Answer(request, now);
        }
        catch (Exception e) when (_effects.AreNone)
        {
            Refuse(request, e, now);
        }

        before.Add(_effects);
        _effects = before;
    }

    private void Answer(Request request, Moment now)
    {
        try
        {
            switch (request)
            {
                case ChangeRequest change:
                    Reply(change, Change(change.Change, change.Options, [], now));
                    break;
                case RestartRequest restart:
                    Reply(restart, Restart(restart, now));
                    break;
                case RebalanceRequest rebalance:
                    Reply(rebalance, Rebalance(rebalance, now));
                    break;
                case KillRequest kill:
                    Reply(kill, Kill(kill, now));
                    break;
                case CancelRequest cancel:
                    Reply(cancel, Cancel(cancel.Id, cancel.Force, now));
                    break;
                case SteerRequest steer:
                    Reply(steer, Steer(steer, now));
                    break;
                case ResetDelayRequest reset:
                    Reply(reset, ResetDelay(reset.App));
                    break;
                case HistoryRequest history:
                    Reply(history, new TreeHistory(_root, GroupTree.Store(_root, _root.Version), [.. _history.AsEnumerable().Reverse()]));
                    break;
                default:
                    throw new InvalidOperationException($"a request of an unknown kind: {request.GetType().Name}");
            }
        }
        catch (RequestRefusedException e)
        {
            Refuse(request, e.InnerException!, now);
        }
        catch (Exception e) when (e is AppLockedException or ChangeRefusedException or AppNotFoundException or DeploymentNotFoundException
            or DeploymentStateException or UnreadableStateException)
        {
            Refuse(request, e, now);
        }
    }

    private void Refuse(Request request, Exception reason, Moment now)
    {
        if (request is ChangeRequest or RestartRequest) Publish(EventMessages.GroupChangeFailed(now.Wall, "/", now.Wall, reason.Message));
        _effects.Replies.Add(() => request.Fail(reason));
    }

    private void Reply<T>(Request<T> request, T result) => _effects.Replies.Add(() => request.Succeed(result));

    private void Touch(AppId app)
    {
        _dirty.Add(app);
        _stale.Add(app);
    }

    private void Publish(SchedulerEventMessage message) => _effects.Events.Add(message);

    private void Remember(DateTimeOffset version)
    {
        if (version > _lastVersion) _lastVersion = version;
    }

    /// <summary>A version later than any before, to the millisecond.</summary>
    private DateTimeOffset NewVersion(Moment now)
    {
        var version = Instants.Truncate(now.Wall);
        if (version <= _lastVersion) version = _lastVersion.AddMilliseconds(1);
        return _lastVersion = version;
    }

    /// <summary>Stores an instance and takes note of it.</summary>
    private void Put(AppEntry entry, Instance instance, bool store = true)
    {
        entry.Instances[instance.TaskId] = instance;
        _appOf[instance.TaskId] = entry;
        Schedule(entry, instance);
        if (store) _effects.Put(StateKeys.Instance(instance.TaskId), StateMapping.Write(instance));
        Touch(entry.Id);
    }

    private void Forget(AppEntry entry, string taskId)
    {
        if (entry.Instances.Remove(taskId, out var instance)) _unreconciled.ExceptWith(PodTasks.LiveIds(instance));
        _appOf.Remove(taskId);
        _deadlines.Set(new Deadline(DeadlineKind.Instance, taskId), null);
        _unreconciled.Remove(taskId);
        _killSentAt.Remove(taskId);
        foreach (var key in entry.Readiness.Keys.Where(key => key.TaskId == taskId).ToList()) entry.Readiness.Remove(key);
        _effects.Delete(StateKeys.Instance(taskId));
        _effects.Watches.Add(new WatchOrder(taskId, null, null));
        Touch(entry.Id);
    }

    private void Adopt(Instance instance)
    {
        if (_aside.Holds(instance.AppId))
        {
            _aside.Remember(instance);
            return;
        }

        if (!_apps.TryGetValue(instance.AppId, out var entry))
        {
            // Nothing is known of what it runs any more: as a stray of the master's it will be ended.
            _effects.Delete(StateKeys.Instance(instance.TaskId));
            return;
        }

        if (instance.IsWithoutRecord && entry.Record.Definition is { IsPod: true } pod)
            instance = instance with { Tasks = [.. pod.Containers.Select(one => new PodTask(one.Name, InstanceState.Running, instance.Since))] };
        var definition = entry.DefinitionOf(instance.Version);
        var restored = RestoreHealth(instance, definition);
        Put(entry, restored, store: false);
        if (restored.State == InstanceState.Running) Watch(restored, definition);
    }
}

/// <summary>The requester's own function refuses; nothing has been changed. Anything else that is thrown is a defect of ours.</summary>
internal sealed class RequestRefusedException(Exception inner) : Exception(inner.Message, inner);

/// <summary>What the store held.</summary>
internal sealed record LoadedState
{
    public string? FrameworkId { get; init; }

    public required GroupDefinition Root { get; init; }

    public IReadOnlyList<AppRecord> Apps { get; init; } = [];

    /// <summary>Older versions that instances or deployments refer to.</summary>
    public IReadOnlyList<AppRecord> Older { get; init; } = [];

    public IReadOnlyList<Instance> Instances { get; init; } = [];

    public IReadOnlyList<StoredDeployment> Deployments { get; init; } = [];

    public IReadOnlyList<StoredDelay> Delays { get; init; } = [];

    /// <summary>How far the scheduler's clock has come: it goes on from there.</summary>
    public TimeSpan Clock { get; init; }

    /// <summary>Apps that cannot be read, with the reason.</summary>
    public IReadOnlyDictionary<AppId, string> UnreadableApps { get; init; } = Unreadable.Nothing.Apps;

    /// <summary>Versions in use that cannot be read, with the reason.</summary>
    public IReadOnlyDictionary<(AppId App, DateTimeOffset Version), string> UnreadableVersions { get; init; } =
        new Dictionary<(AppId, DateTimeOffset), string>();

    /// <summary>Deployments that cannot be read, by id, with the reason.</summary>
    public IReadOnlyDictionary<string, string> UnreadableDeployments { get; init; } = Unreadable.Nothing.Deployments;

    /// <summary>Why the groups cannot be read; null where they can.</summary>
    public string? UnreadableGroups { get; init; }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<StoredChange> History { get; init; } = [];

    /// <summary>Of a store that was never used.</summary>
    public static LoadedState Empty => new() { Root = new GroupDefinition { Id = new AppId("/") } };
}
