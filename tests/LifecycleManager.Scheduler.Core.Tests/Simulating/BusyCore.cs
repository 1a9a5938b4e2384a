using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Events;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Tests.Simulating;

/// <summary>
/// A core over a store, with one agent, another app whose checks report all the time, and a clock that the test moves. The wall
/// clock is set to something else all the time.
/// </summary>
internal sealed class BusyCore
{
    public static readonly CoreOptions Options = new()
    {
        LaunchTimeout = TimeSpan.FromSeconds(41),
        KillRetry = TimeSpan.FromSeconds(11),
        ReconciliationInterval =
            TimeSpan.FromSeconds(97),
    };

    private static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Random _random;
    private readonly Random _jumps;
    private readonly SimulatedStore _store;
    private SchedulerCore _core;
    private (TimeSpan Clock, DateTimeOffset At) _began;
    private readonly string[] _busy;
    private int _offers;

    public BusyCore(int seed)
    {
        _store = Empty();
        _random = new Random(seed);
        _jumps = new Random(seed);
        _core = Load();
        Connect();
        _busy = [.. Launch("/busy", app => app with
        {
            Instances = 8,
            HealthChecks = [new AppHealthCheck { Protocol = "HTTP", Port = 80, IntervalSeconds = 1, MaxConsecutiveFailures = 0 }],
        })];
    }

    public DateTimeOffset Now { get; private set; } = Begin;

    public List<(DateTimeOffset At, SchedulerCall Call)> Calls { get; } = [];

    public List<(DateTimeOffset At, SchedulerEventMessage Event, string Text)> Events { get; } = [];

    public int TimedTurns { get; set; }

    public SchedulerSnapshot Show() => _core.Show(new LeaderStatus(true, null, null));

    public void Put(string id, int count, Func<App, App>? change = null)
    {
        var wire = new App { Id = id, Cmd = "sleep 1000", Instances = count, Cpus = 1, Mem = 10, BackoffSeconds = 0 };
        Put(AppDefinition.FromWire(change?.Invoke(wire) ?? wire));
    }

    public void Put(AppDefinition definition) =>
        Ask(new ChangeRequest(root => root.PutApp(definition), new ChangeOptions()));

    public void Ask<T>(Request<T> request)
    {
        Deliver(request);
        request.Answer.GetAwaiter().GetResult();
    }

    /// <summary>Puts an app, offers what it needs, and has it running.</summary>
    public List<string> Launch(string id, Func<App, App>? change = null)
    {
        Put(id, 1, change);
        var tasks = Offer(id);
        foreach (var task in tasks) Report(task, TaskState.Running);
        return tasks;
    }

    /// <summary>One offer that takes all that waits of an app.</summary>
    public List<string> Offer(string id)
    {
        var wanted = Show().Queue.Where(waiting => waiting.Definition.Id.Path == id).Sum(waiting => waiting.Count);
        var before = Calls.Count;
        Deliver(new MasterInput(new MasterEvent(1, new SchedulerEvent
        {
            Type = EventType.Offers,
            Offers = new OffersEvent(
            [
                new Offer
                {
                    Id = new OfferId($"o{++_offers}"), FrameworkId = new FrameworkId("f"), AgentId = new AgentId("a"),
                    Hostname = "h",
                    Resources = [Resource.OfScalar("cpus", wanted), Resource.OfScalar("mem", wanted * 10.0)],
                },
            ]),
        })));
        return [.. Calls.Skip(before).SelectMany(call => call.Call.Accept?.Operations ?? [])
            .SelectMany(operation => operation.Launch?.TaskInfos ?? operation.LaunchGroup!.TaskGroup.Tasks)
            .Select(info => info.TaskId.Value)];
    }

    public void Report(string task, TaskState state, StatusReason? reason = null) =>
        Deliver(new MasterInput(new MasterEvent(1, new SchedulerEvent
        {
            Type = EventType.Update,
            Update = new UpdateEvent(new TaskStatusInfo
            {
                TaskId = new TaskId(task),
                AgentId = new AgentId("a"),
                State = state,
                Reason = reason,
                Uuid = [1]
            }),
        })));

    public void Connect() => Deliver(new MasterInput(new MasterSubscribed(1, new Uri("http://m"), new FrameworkId("f"))));

    /// <summary>Dies, and begins again with what is stored, after a while during which nobody leads.</summary>
    /// <param name="outage">The while.</param>
    /// <param name="damage">Changes a stored document, as JSON; null where it is left as it is.</param>
    public void Restart(TimeSpan outage, Func<string, string>? damage = null)
    {
        Now += outage;
        foreach (var (key, value) in damage is null ? [] : _store.Entries.ToList())
            _store.Entries[key] = System.Text.Encoding.UTF8.GetBytes(damage!(System.Text.Encoding.UTF8.GetString(value.Span)));
        _core = Load();
        Connect();
    }

    public void Healthy(string task) => Deliver(new HealthReported(task, 0, new CheckResult(true)));

    public void Unhealthy(string task) => Deliver(new HealthReported(task, 0, new CheckResult(false, "no")));

    public void Disconnect() => Deliver(new MasterInput(new MasterLost(1, new Uri("http://m"), "gone")));

    public List<DateTimeOffset> KillsOf(string task) =>
        [.. Calls.Where(call => call.Call.Kill?.TaskId.Value == task).Select(call => call.At)];

    public void RunFor(TimeSpan time)
    {
        var end = Now + time;
        RunUntil(() => Now >= end);
    }

    /// <summary>
    /// Other inputs come a few hundred milliseconds apart; a turn by time comes when the core has asked for it, and only then.
    /// </summary>
    public void RunUntil(Func<bool> done)
    {
        for (var turns = 0; !done(); turns++)
        {
            Assert.True(turns < 10_000, "it does not come about");
            var input = Now.AddMilliseconds(_random.Next(1, 400));
            var next = _core.NextTick(At().Clock);
            var tick = next == TimeSpan.MaxValue ? DateTimeOffset.MaxValue : _began.At + (next - _began.Clock);
            if (tick <= input)
            {
                TimedTurns++;
                Now = tick > Now ? tick : Now;
                Step(TimePassed.Instance);
            }
            else
            {
                Now = input;
                Step(Noise());
            }
        }
    }

    /// <summary>A turn of the loop is at most one input late.</summary>
    public static void AssertOnTime(DateTimeOffset due, DateTimeOffset at) =>
        Assert.True(at >= due && at - due <= TimeSpan.FromMilliseconds(1), $"due at {due:mm:ss.fff}, it came at {at:mm:ss.fff}");

    private SchedulerInput Noise() => _random.Next(4) switch
    {
        0 => new MasterInput(new MasterEvent(1, new SchedulerEvent
        {
            Type = EventType.Update,
            Update = new UpdateEvent(new TaskStatusInfo
            {
                TaskId = new TaskId(Pick()),
                AgentId = new AgentId("a"),
                State = TaskState.Running,
                Uuid = [1],
            }),
        })),
        1 => new ResetDelayRequest(new AppId("/nobody")),
        _ => new HealthReported(Pick(), 0, new CheckResult(_random.Next(3) > 0)),
    };

    /// <summary>Now, with a wall clock that anybody may have set to anything.</summary>
    private ClockReading At() => new(Now.AddSeconds(_jumps.Next(-10_000, 10_000)), _began.Clock + (Now - _began.At));

    private static SimulatedStore Empty() => new();

    private SchedulerCore Load()
    {
        var loaded = _store.Load();
        _began = (loaded.Clock, Now);
        return new SchedulerCore(Options, new Random(_random.Next()), loaded, At());
    }

    private string Pick() => _busy[_random.Next(_busy.Length)];

    private void Deliver(SchedulerInput input)
    {
        Now = Now.AddMilliseconds(1);
        Step(input);
    }

    private void Step(SchedulerInput input)
    {
        var now = At();
        _core.Handle(input, now);
        _core.Settle(now);
        var effects = _core.TakeEffects();
        Calls.AddRange(effects.Calls.Select(call => (Now, call)));
        Events.AddRange(effects.Events.Select(told => (Now, told, System.Text.Encoding.UTF8.GetString(told.Json.Span))));
        _store.Write(effects.Writes);
        foreach (var reply in effects.Replies) reply();
    }
}
