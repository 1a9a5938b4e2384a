using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Delays;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Events;
using LifecycleManager.Scheduler.Core.Execution;
using LifecycleManager.Scheduler.Core.Framework;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Launching;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Scheduler.Core.Tasks;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core;

/// <summary>
/// The scheduler's state and every decision about it, without clock, network, threads or storage: inputs go in with the time at
/// which they came, <see cref="Settle"/> draws the conclusions, <see cref="TakeEffects"/> gives what is to be done about them.
/// What it knows and decides is its owners', each of a part; it gives the inputs to them, and the time.
/// </summary>
internal sealed class SchedulerCore
{
    // What outlives a term is late by the time without a leader and by this: four leaders that die make no more than 10 s.
    private static readonly TimeSpan StoreClockInterval = TimeSpan.FromSeconds(2);

    // Each knows only those above it that it is given.
    private readonly CoreContext _context;
    private readonly MasterSubscription _connection;
    private readonly AppCatalog _catalog;
    private readonly CountLease _lease;
    private readonly Reconciliation _reconciliation;
    private readonly InstanceTracker _tracker;
    private readonly HealthTracker _health;
    private readonly StatusUpdateHandler _updates;
    private readonly WaitingLaunches _queue;
    private readonly OfferMatcher _offers;
    private readonly Preempter _preempter;
    private readonly DeploymentTracker _deployments;
    private readonly AppScaler _scaler;
    private readonly Rollbacks _rollbacks;
    private readonly DeploymentControl _control;
    private readonly ChangeHandler _changes;
    private readonly KillHandler _kills;
    private readonly Rebalancer _rebalancer;
    private readonly SnapshotBuilder _snapshots;

    private TimeSpan _clockStored;
    private ClockReading _settled;

    public SchedulerCore(CoreOptions options, Random random, LoadedState loaded, ClockReading now)
    {
        _context = new CoreContext(options, random);
        _connection = new MasterSubscription(_context, loaded.FrameworkId);
        var aside = new SetAside(loaded);
        _catalog = new AppCatalog(_context, aside, Dated(loaded.Root, now), loaded.History);
        _lease = new CountLease(_context, _catalog, loaded, now);
        _reconciliation = new Reconciliation(_context, _connection, now);
        var delays = new LaunchDelays(_context, _catalog);
        var readiness = new ReadinessAnswers();
        _tracker = new InstanceTracker(_context, _catalog, _connection, _reconciliation, delays, readiness);
        _health = new HealthTracker(_context, _catalog, _tracker, readiness);
        _updates = new StatusUpdateHandler(_context, _catalog, aside, _connection, _reconciliation, _tracker, _health);
        _queue = new WaitingLaunches(_catalog, _connection, delays, _context.Admission);
        _offers = new OfferMatcher(_context, _catalog, _connection, _tracker, _queue);
        _preempter = new Preempter(_context, _catalog, _connection, _tracker, _queue, _offers);
        _deployments = new DeploymentTracker(_context, _catalog, _tracker, readiness);
        _scaler = new AppScaler(_context, _catalog, _tracker, delays, _queue, _deployments);
        var adopter = new InstanceAdopter(_context, _catalog, aside, _tracker, _health);
        var deployer = new Deployer(_context, _catalog, aside, _tracker, _deployments, adopter);
        _rollbacks = new Rollbacks(_context, _catalog, deployer);
        _control = new DeploymentControl(_context, _catalog, aside, _deployments, _rollbacks);
        _changes = new ChangeHandler(_context, _catalog, aside, deployer, _lease);
        _kills = new KillHandler(_context, _catalog, _tracker, _changes);
        _rebalancer = new Rebalancer(_context, _catalog, _tracker, _deployments);
        _snapshots = new SnapshotBuilder(_context, _catalog, aside, _connection, _deployments, _queue, readiness);
        new StateRestorer(_catalog, aside, _tracker, delays, _deployments, adopter).Restore(loaded, now);
    }

    /// <summary>The framework's id, once the master has given one.</summary>
    public string? FrameworkId => _connection.FrameworkId;

    /// <summary>The subscription that the calls of the effects belong to.</summary>
    public long Session => _connection.Session;

    /// <summary>The apps that the last snapshot showed anew, and whether each is still there.</summary>
    public IReadOnlyList<AppId> LastShown => _snapshots.LastShown;

    /// <summary>Takes an input. What follows from it is drawn in <see cref="Settle"/>, for many inputs at once.</summary>
    public void Handle(SchedulerInput input, ClockReading now)
    {
        switch (input)
        {
            case MasterInput { Signal: MasterSubscribed subscribed }:
                Subscribed(subscribed, now);
                break;
            case MasterInput { Signal: MasterLost lost }:
                if (lost.Session == Session) Lost(now);
                break;
            case MasterInput { Signal: MasterEvent @event }:
                if (@event.Session == Session) HandleEvent(@event.Event, now);
                break;
            case HealthReported report:
                _health.Apply(report, now);
                break;
            case ReadinessReported readiness:
                _health.Apply(readiness.Result, now);
                break;
            case ManagerHeard:
                _lease.Renew(now);
                break;
            case AdmissionChanged changed:
                _context.Admission.Change(changed.Judge);
                _queue.AdmissionChanged();
                break;
            case TimePassed:
                // Each turn does what is due; this one was for that alone.
                break;
            case Request request:
                Serve(request, now);
                break;
            default:
                throw new InvalidOperationException($"an input of an unknown kind: {input.GetType().Name}");
        }
    }

    /// <summary>
    /// Does what is due, decides about every app that something happened to, goes on with deployments, and uses offers.
    /// </summary>
    public void Settle(ClockReading now)
    {
        PassTime(now);
        _scaler.Settle(now);
        _offers.UseOffers(now);
        _scaler.Settle(now);
        _queue.AskForOffers(now);
        _lease.Settle(now);
        StoreClock(now);
    }

    /// <summary>What is to be done; the next effects begin empty.</summary>
    public Effects TakeEffects()
    {
        var effects = _context.Effects;
        _context.Effects = new Effects();
        return effects;
    }

    /// <summary>Everything as it is now.</summary>
    public SchedulerSnapshot Show(LeaderStatus leader) => _snapshots.Show(leader, _settled);

    /// <summary>
    /// When time alone has something to do, by the scheduler's clock: the owner's loop turns then at the latest. Never due before
    /// another turn can do it; the end of time where there is nothing.
    /// </summary>
    /// <param name="now">By the scheduler's clock.</param>
    public TimeSpan NextTick(TimeSpan now)
    {
        var next = _context.Deadlines.Next is { } due ? Instants.Earlier(due, _queue.LongWaitDue) : _queue.LongWaitDue;
        next = Instants.Earlier(next, _lease.NextDue);
        if (OutlivesTerm(now)) next = Instants.Earlier(next, _clockStored + StoreClockInterval);
        if (_connection.IsConnected)
            next = Instants.Earlier(Instants.Earlier(next, _reconciliation.Next), _queue.NextLaunch(now));
        return next < now ? now : next;
    }

    private void Subscribed(MasterSubscribed subscribed, ClockReading now)
    {
        _connection.Subscribed(subscribed, now);
        _offers.Clear();
        _queue.Subscribed();
        _tracker.Subscribed(now);
    }

    private void Lost(ClockReading now)
    {
        _connection.Lost();
        _offers.Clear();
        _tracker.Disconnected();
        _context.Publish(EventMessages.Disconnected(now.Wall));
    }

    private void HandleEvent(SchedulerEvent @event, ClockReading now)
    {
        switch (@event.Type)
        {
            case EventType.Offers:
                _offers.Add(@event.Offers?.Offers ?? []);
                break;
            case EventType.Rescind:
                _offers.Rescind(@event.Rescind?.OfferId);
                break;
            case EventType.Update:
                if (@event.Update is { } update) _updates.Apply(update.Status, now);
                break;
            case EventType.Message:
                if (@event.Message is { } message)
                    _context.Publish(EventMessages.FrameworkMessage(now.Wall, message.AgentId.Value, message.ExecutorId.Value,
                        message.Data));
                break;
            case EventType.Error:
                if (@event.Error?.Message.Contains("removed", StringComparison.OrdinalIgnoreCase) == true
                    || @event.Error?.Message.Contains("completed", StringComparison.OrdinalIgnoreCase) == true)
                {
                    _connection.ForgetFramework();
                }

                break;
        }
    }

    /// <summary>
    /// Does what is due. Each turn does, whatever brought it about, so that no input puts off what others wait for.
    /// </summary>
    private void PassTime(ClockReading now)
    {
        foreach (var (kind, id) in _context.Deadlines.TakeDue(now.Clock))
        {
            switch (kind)
            {
                case DeadlineKind.Instance when _tracker.AppOf.TryGetValue(id, out var entry):
                    _tracker.PassTime(entry, entry.Instances[id], now);
                    break;
                case DeadlineKind.Deployment when _deployments.Find(id) is { } deployment:
                    _rollbacks.RollBackWhenLate(deployment, now);
                    break;
            }
        }

        if (now.Clock >= _queue.LongWaitDue)
        {
            _preempter.Preempt(now);
            _queue.LookAgain(now.Clock);
        }

        if (_connection.IsConnected) _tracker.ReconcileWhenDue(now);
    }

    /// <summary>Stores how far the clock has come, while something waits that outlives a term.</summary>
    private void StoreClock(ClockReading now)
    {
        _settled = now;
        if (now.Clock - _clockStored < StoreClockInterval || !OutlivesTerm(now.Clock)) return;
        _clockStored = now.Clock;
        _context.Effects.Put(SchedulerKeys.Clock, StateMapping.Write(new StoredClock((long)now.Clock.TotalMilliseconds),
            StoredJson.Default.StoredClock));
    }

    /// <summary>Whether something is to come that a later term would have to go on waiting for.</summary>
    private bool OutlivesTerm(TimeSpan now) => !_context.Deadlines.IsEmpty || _queue.HasDelayed(now);

    /// <summary>
    /// Serves a request. One that fails before it has changed anything, is answered with what it failed by and leaves all as it
    /// was; one that fails half way ends the term.
    /// </summary>
    private void Serve(Request request, ClockReading now)
    {
        var before = _context.Effects;
        _context.Effects = new Effects();
        try
        {
            Answer(request, now);
        }
        catch (Exception e) when (_context.Effects.AreNone)
        {
            Refuse(request, e, now);
        }

        before.Add(_context.Effects);
        _context.Effects = before;
    }

    private void Answer(Request request, ClockReading now)
    {
        try
        {
            switch (request)
            {
                case ChangeRequest change:
                    Reply(change, _changes.Change(change.Change, change.Options, [], now));
                    break;
                case RestartRequest restart:
                    Reply(restart, _changes.Restart(restart, now));
                    break;
                case RebalanceRequest rebalance:
                    Reply(rebalance, _rebalancer.Rebalance(rebalance, now));
                    break;
                case KillRequest kill:
                    Reply(kill, _kills.Kill(kill, now));
                    break;
                case CancelRequest cancel:
                    Reply(cancel, _control.Cancel(cancel.Id, cancel.Force, now));
                    break;
                case SteerRequest steer:
                    Reply(steer, _control.Steer(steer, now));
                    break;
                case ResetDelayRequest reset:
                    Reply(reset, _queue.ResetDelay(reset.App));
                    break;
                case HistoryRequest history:
                    Reply(history, new TreeHistory(
                        _catalog.Root, GroupMapping.Write(_catalog.Root, _catalog.Root.Version),
                        [.. _catalog.History.Reverse()]));
                    break;
                default:
                    throw new InvalidOperationException($"a request of an unknown kind: {request.GetType().Name}");
            }
        }
        catch (RequestRefusedException e)
        {
            Refuse(request, e.InnerException!, now);
        }
        catch (Exception e) when (e is AppLockedException or ChangeRefusedException or AppNotFoundException
            or CountConditionException or DeploymentNotFoundException
            or DeploymentStateException or UnreadableStateException)
        {
            Refuse(request, e, now);
        }
    }

    private void Refuse(Request request, Exception reason, ClockReading now)
    {
        if (request is ChangeRequest or RestartRequest)
            _context.Publish(EventMessages.GroupChangeFailed(now.Wall, "/", now.Wall, reason.Message));
        _context.Effects.Replies.Add(() => request.Fail(reason));
    }

    private void Reply<T>(Request<T> request, T result) => _context.Effects.Replies.Add(() => request.Succeed(result));

    /// <summary>A tree that nobody has changed yet is of now.</summary>
    private static GroupDefinition Dated(GroupDefinition root, ClockReading now) => root.Version > DateTimeOffset.UnixEpoch
        ? root : root with { Version = Timestamps.Truncate(now.Wall) };
}
