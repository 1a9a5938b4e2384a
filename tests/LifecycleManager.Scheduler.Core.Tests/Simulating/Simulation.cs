using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Tests.Simulating;

/// <summary>
/// The scheduler's owner of state over a simulated cluster and store, on a clock of its own. Everything random comes from one
/// seed and nothing from the process or the machine, so that a seed that fails fails again. A crash may strike before a batch's
/// writes, after them, or between two of its calls.
/// </summary>
internal sealed class Simulation
{
    private static readonly string[] Apps = ["/a", "/g/b", "/g/c", "/d"];

    private readonly Random _random;
    private readonly SimulatedStore _store;
    private readonly CoreOptions _options = new() { LaunchTimeout = TimeSpan.FromDays(1), MaxVersions = 5 };
    private readonly List<string> _log = [];

    // What is wanted: count and command by app. Set by operations that were answered.
    private readonly SortedDictionary<string, (int Count, string Command)> _wanted = new(StringComparer.Ordinal);

    // Apps whose deployment was cancelled by force: they may run several versions.
    private readonly HashSet<string> _leftAsItIs = [];
    private readonly Random _jumps;
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private (TimeSpan Clock, DateTimeOffset At) _began;
    private SchedulerCore _core;
    private long _session;
    private bool _mayCrash = true;

    public Simulation(int seed, SimulatedStore store)
    {
        _store = store;
        _random = new Random(seed);
        _jumps = new Random(seed);
        _core = Load();
    }

    public SimulatedCluster Cluster { get; } = new();

    public void Run(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            Step();
            Check();
        }

        Calm();
    }

    private void Step()
    {
        switch (_random.Next(23))
        {
            case 20 or 21:
                Steer();
                break;
            case 22:
                BlueGreen();
                break;
            case 0 or 1:
                Put();
                break;
            case 2:
                Remove();
                break;
            case 3:
                Ask(new RestartRequest([new AppId(Pick(Apps))], new ChangeOptions(_random.Next(2) == 0)), "restart");
                break;
            case 4:
                Cancel();
                break;
            case 5:
                KillSome();
                break;
            case 6:
                Cluster.Disconnect();
                Note("the master goes");
                Deliver(new MasterInput(new MasterLost(_session, new Uri("http://m"), "gone")));
                break;
            case 7:
                if (!Cluster.IsSubscribed) Connect();
                break;
            case 8:
                Crash();
                break;
            case 9:
                var agent = Pick([.. Cluster.Agents.Keys]);
                Note($"agent {agent} {(Cluster.Agents[agent] ? "goes" : "comes back")}");
                if (Cluster.Agents[agent]) Cluster.Silence(agent);
                else Cluster.Return(agent);
                break;
            case 10 or 11:
                _now = _now.AddSeconds(_random.Next(1, 30));
                Deliver(TimePassed.Instance);
                break;
            case 12:
                Cluster.Offer();
                break;
            case 13 or 14:
                TasksGoOn();
                break;
            default:
                DeliverSome(_random.Next(1, 6));
                break;
        }
    }

    private void Put()
    {
        var app = Pick(Apps);
        var count = _random.Next(0, 5);
        var command = _wanted.TryGetValue(app, out var before) && _random.Next(3) > 0
            ? before.Command : $"run {_random.Next(1_000)}";
        double[] shares = [0, 0.5, 1];
        var definition = AppDefinition.FromWire(new App
        {
            Id = app,
            Cmd = command,
            Instances = count,
            Cpus = 0.5,
            Mem = 10,
            Constraints = _random.Next(4) == 0 ? [["hostname", "GROUP_BY"]] : null,
            Labels = Labels(),
            Dependencies = app == "/d" && _random.Next(2) == 0 ? ["/a"] : null,
            UpgradeStrategy = new UpgradeStrategy { MinimumHealthCapacity = Pick(shares), MaximumOverCapacity = Pick(shares) },
        });
        if (Ask(new ChangeRequest(root => root.PutApp(definition), new ChangeOptions(_random.Next(2) == 0)),
            $"put {app} x{count} '{command}'"))
            _wanted[app] = (count, command);
    }

    private Dictionary<string, string>? Labels()
    {
        var labels = new Dictionary<string, string>();
        if (_random.Next(4) == 0) labels["lcm.priority"] = "10";
        if (_random.Next(3) == 0) labels["lcm.canary"] = Pick(["1 pause", "1 10s, 50% pause", "25%, 2 30s"]);
        if (_random.Next(6) == 0) labels["lcm.rollback.after"] = "20s";
        if (_random.Next(3) == 0) labels["lcm.drain"] = Pick(["1s", "15s", "40"]);
        return labels.Count == 0 ? null : labels;
    }

    private void BlueGreen()
    {
        var id = new AppId(Pick(Apps));
        if (Show().Root.FindApp(id) is not { Instances: > 0 } app) return;
        var command = $"run {_random.Next(1_000)}";
        var green = AppDefinition.FromWire(app.Wire with { Cmd = command });
        var options = new BlueGreenOptions(id)
        {
            SwitchesItself = _random.Next(2) == 0,
            Keep = TimeSpan.FromSeconds(_random.Next(2) * 20),
            AbortAfter = _random.Next(3)
                == 0 ? TimeSpan.FromSeconds(30) : null,
        };
        Ask(new ChangeRequest(root => root.PutApp(green), new ChangeOptions(_random.Next(2) == 0) { BlueGreen = options }),
            $"{id.Path} blue-green '{command}'");
        Resync();
    }

    private void Steer()
    {
        var deployments = Show().Deployments;
        if (deployments.Count == 0) return;
        var word = Pick(Enum.GetValues<DeploymentSteering>());
        Ask(new SteerRequest(deployments[_random.Next(deployments.Count)].Id, word, _random.Next(2) == 0), $"{word}");
    }

    private void Remove()
    {
        var app = Pick(Apps);
        if (Ask(new ChangeRequest(root => root.RemoveApp(new AppId(app)), new ChangeOptions(_random.Next(2) == 0)),
            $"remove {app}"))
            _wanted.Remove(app);
    }

    private void Cancel()
    {
        var deployments = Show().Deployments;
        if (deployments.Count == 0) return;
        var deployment = deployments[_random.Next(deployments.Count)];
        var force = _random.Next(3) == 0;
        if (force) _leftAsItIs.UnionWith(deployment.AffectedApps.Select(app => app.Path));
        Ask(new CancelRequest(deployment.Id, force), $"cancel, force {force}");

        // What it went back to is the scheduler's word, checked for consistency in the end.
        _wanted.Clear();
        foreach (var app in Show().Root.AllApps) _wanted[app.Id.Path] = (app.Instances, app.Wire.Cmd!);
    }

    private void KillSome()
    {
        var all = InOrder(Show()).SelectMany(app => app.Instances).ToList();
        if (all.Count == 0) return;
        var (scale, force) = (_random.Next(3) == 0, _random.Next(2) == 0);
        var victim = all[_random.Next(all.Count)];
        if (Ask(new KillRequest([victim.TaskId], new KillOptions(scale, Wipe: _random.Next(4) == 0, Force: force)),
            $"kill {victim.TaskId} scale {scale} force {force}")
            && scale && victim.IsActive && _wanted.TryGetValue(victim.AppId.Path, out var wanted))
            _wanted[victim.AppId.Path] = (Math.Max(0, wanted.Count - 1), wanted.Command);
    }

    private void TasksGoOn()
    {
        foreach (var task in Cluster.Tasks.Values.ToList())
        {
            if (!Cluster.Agents[task.Agent] || _random.Next(2) == 0) continue;
            if (task.State == TaskState.Killing) Cluster.Report(task, TaskState.Killed);
            else if (task.State == TaskState.Staging)
                Cluster.Report(task, _random.Next(8) == 0 ? TaskState.Failed : TaskState.Running);
            else if (_random.Next(10) == 0) Cluster.Report(task, _random.Next(3) == 0 ? TaskState.Finished : TaskState.Failed);
        }
    }

    private bool Ask<T>(Request<T> request, string what)
    {
        Note(what);
        var answered = Deliver(request);
        if (answered && request.Answer.IsCompletedSuccessfully) return true;
        if (answered && !request.Answer.IsCompleted) throw new InvalidOperationException($"'{what}' was not answered");
        Note($"  refused: {request.Answer.Exception?.InnerException?.GetType().Name ?? "crash"}");

        // A crash in between: the change is made or is not, and the store knows.
        if (!answered) Resync();
        return false;
    }

    private void Resync()
    {
        _wanted.Clear();
        foreach (var app in Show().Root.AllApps) _wanted[app.Id.Path] = (app.Instances, app.Wire.Cmd!);
    }

    private void DeliverSome(int count)
    {
        for (; count > 0 && Cluster.Events.TryDequeue(out var @event); count--)
            if (!Deliver(new MasterInput(new MasterEvent(_session, @event)))) return;
    }

    /// <summary>Gives the owner an input and carries out what follows, as the loop does.</summary>
    /// <returns>False when it crashed on the way.</returns>
    private bool Deliver(SchedulerInput input)
    {
        _now = _now.AddMilliseconds(1);
        var now = Now();
        _core.Handle(input, now);
        _core.Settle(now);
        var effects = _core.TakeEffects();
        var crash = _mayCrash && _random.Next(60) == 0 ? _random.Next(3) : -1;
        if (crash == 0)
        {
            Crash();
            return false;
        }

        _store.Write(effects.Writes);
        if (crash == 1)
        {
            Crash();
            return false;
        }

        var calls = crash == 2 ? effects.Calls.Take(_random.Next(effects.Calls.Count + 1)) : effects.Calls;
        foreach (var call in calls)
        {
            foreach (var info in call.Accept?.Operations?.SelectMany(operation => operation.Launch!.TaskInfos) ?? [])
                Assert.True(_store.Entries.ContainsKey("scheduler/instances/" + info.TaskId.Value),
                    $"{info.TaskId.Value} is launched before it is stored");
            if (Cluster.Take(call) is { } fault) Assert.Fail($"{fault}\n{Story()}");
        }

        if (crash == 2)
        {
            Crash();
            return false;
        }

        foreach (var reply in effects.Replies) reply();
        return true;
    }

    private void Crash()
    {
        Note("crash");
        Cluster.Disconnect();
        if (_store.MissingVersions is { Count: > 0 } missing)
            Assert.Fail($"in use, and not stored: {string.Join(", ", missing)}\n{Story()}");
        _core = Load();
        Resync();
    }

    private SchedulerCore Load()
    {
        var loaded = _store.Load();
        _began = (loaded.Clock, _now);
        return new SchedulerCore(_options, new Random(_random.Next()), loaded, Now());
    }

    /// <summary>Now; the wall clock is set to something else all the time.</summary>
    private ClockReading Now() => new(_now.AddSeconds(_jumps.Next(-10_000, 10_000)), _began.Clock + (_now - _began.At));

    private void Connect()
    {
        Note("the master comes");
        Cluster.Subscribe();
        Deliver(new MasterInput(new MasterSubscribed(++_session, new Uri("http://m"), new FrameworkId("f"))));
    }

    private SchedulerSnapshot Show() => _core.Show(new LeaderStatus(true, null, null));

    /// <summary>What holds in every state.</summary>
    private void Check()
    {
        var snapshot = Show();
        if (snapshot.Unreadable.Problems.ToList() is { Count: > 0 } problems)
            Assert.Fail($"{string.Join(", ", problems)}\n{Story()}");
        foreach (var app in InOrder(snapshot))
        {
            var locked = app.DeploymentIds.Count > 0;
            var active = app.Instances.Count(instance => instance.IsActive);
            if (!locked && !app.IsRemoved && active > app.Definition.Instances)
                Assert.Fail($"{app.Definition.Id.Path} has {active} active instances of {app.Definition.Instances}\n{Story()}");
        }

        // What drains is killed when its time is over, not before; it is given up and counts for nothing all the while.
        var now = Now().Clock;
        foreach (var instance in snapshot.Instances.Values.Where(instance => instance.Drain is not null))
        {
            if (instance.IsActive) Assert.Fail($"{instance.TaskId} drains and is active\n{Story()}");
            if (instance.Drain!.Until > now && Cluster.Tasks.GetValueOrDefault(instance.TaskId)?.State == TaskState.Killing)
                Assert.Fail($"{instance.TaskId} is killed before it is drained\n{Story()}");
        }

        // A canary that rests has its part, and no more; of two versions side by side one serves.
        foreach (var deployment in snapshot.Deployments.Where(deployment =>
            deployment is { HeldSince: not null, IsPaused: false }))
        {
            foreach (var action in deployment.Steps[deployment.CurrentStep].Actions.Where(action => action.Stage is not null))
            {
                var app = snapshot.Apps[action.App];
                var isNew = app.Instances.Where(instance => instance.IsActive && instance.ConfigVersion == app.LastConfigChangeAt)
                    .ToList();
                var most = action.Stage!.Kind == RolloutKind.Canary ? action.Stage.Size.Of(app.Definition.Instances)
                    : app.Definition.Instances;
                if (isNew.Count > most)
                    Assert.Fail(
                        $"{app.Definition.Id.Path} has {isNew.Count} new instances of {most} at {action.Stage}\n{Story()}");
                if (action.Stage.Kind == RolloutKind.Green && isNew.Exists(app.Serves))
                    Assert.Fail($"green of {app.Definition.Id.Path} serves\n{Story()}");
                if (action.Stage.Kind == RolloutKind.Switched && !isNew.TrueForAll(app.Serves))
                    Assert.Fail($"green of {app.Definition.Id.Path} does not serve\n{Story()}");
            }
        }

        var ids = snapshot.Deployments.Select(deployment => deployment.Id).ToHashSet();
        foreach (var app in InOrder(snapshot))
            Assert.True(ids.IsSupersetOf(app.DeploymentIds),
                $"{app.Definition.Id.Path} is locked by a deployment that is over\n{Story()}");
    }

    /// <summary>With the world calm, everything comes to what is wanted, and store and cluster agree.</summary>
    private void Calm()
    {
        Note("calm");
        _mayCrash = false;
        foreach (var agent in Cluster.Agents.Keys.ToList())
            if (!Cluster.Agents[agent]) Cluster.Return(agent);
        if (!Cluster.IsSubscribed) Connect();
        for (var round = 0; round < 400; round++)
        {
            DeliverSome(int.MaxValue);
            foreach (var task in Cluster.Tasks.Values.ToList())
            {
                if (task.State == TaskState.Killing) Cluster.Report(task, TaskState.Killed);
                else if (task.State != TaskState.Running) Cluster.Report(task, TaskState.Running);
            }

            _now = _now.AddSeconds(2);
            Deliver(TimePassed.Instance);
            foreach (var deployment in Show().Deployments)
            {
                if (deployment.IsPaused) Deliver(new SteerRequest(deployment.Id, DeploymentSteering.Resume, false));
                else if (deployment.HeldSince is not null)
                    Deliver(new SteerRequest(deployment.Id, DeploymentSteering.Promote, false));
            }

            if (round % 5 == 0) Cluster.Offer();
        }

        // What was on trial may have been taken back by itself.
        Resync();
        var snapshot = Show();
        var tasks = Cluster.Tasks.Values.CountBy(task => (task.App, task.Command)).ToDictionary();
        foreach (var (app, wanted) in _wanted)
        {
            var there = Cluster.Tasks.Values.Count(task => task.App == app);
            if (there != wanted.Count) Assert.Fail($"{app} has {there} tasks of {wanted.Count}\n{Story()}");
            if (!_leftAsItIs.Contains(app) && tasks.GetValueOrDefault((app, wanted.Command)) != wanted.Count)
                Assert.Fail($"{app} runs something else than '{wanted.Command}'\n{Story()}");
        }

        Assert.True(Cluster.Tasks.Values.All(task => _wanted.ContainsKey(task.App)),
            $"tasks of removed apps are left\n{Story()}");
        Assert.True(snapshot.Deployments.Count == 0, $"{snapshot.Deployments.Count} deployments do not end\n{Story()}");
        var stored = _store.Entries.Keys.Where(key => key.StartsWith("scheduler/instances/", StringComparison.Ordinal))
            .Select(key => key["scheduler/instances/".Length..]);
        Assert.True(Cluster.Tasks.Keys.SequenceEqual(stored), $"store and cluster differ\n{Story()}");
        Assert.True(Cluster.Unacknowledged.Count == 0, $"{Cluster.Unacknowledged.Count} updates are not acknowledged\n{Story()}");
        Assert.True(Cluster.IsSuppressed, $"offers are still asked for\n{Story()}");
    }

    private void Note(string what) => _log.Add($"{_now:HH:mm:ss.fff} {what}");

    private string Story() => string.Join('\n', _log.TakeLast(40))
        + "\n" + string.Join('\n', InOrder(Show()).Select(app =>
            $"{app.Definition.Id.Path} wants {app.Definition.Instances} '{app.Definition.Wire.Cmd}' removed {app.IsRemoved} locked {app.DeploymentIds.Count}: "
            + string.Join(", ", app.Instances.Select(instance => $"{instance.State}/{instance.Goal}@{instance.AgentId}"))))
        + "\ncluster: "
        + string.Join(", ", Cluster.Tasks.Values.Select(task => $"{task.App} {task.State}@{task.Agent} '{task.Command}'"))
        + "\ndeployments: "
        + string.Join(", ", Show().Deployments.Select(deployment =>
            $"step {deployment.CurrentStep} of {string.Join(" > ", deployment.Steps.Select(step => string.Join("+", step.Actions.Select(action => $"{action.Kind}{action.App.Path}"))))}"));

    /// <summary>A snapshot's own order depends on the hashes of strings, which every process chooses anew.</summary>
    private static IEnumerable<AppStatus> InOrder(SchedulerSnapshot snapshot) => snapshot.Apps.OrderBy(app => app.Key)
        .Select(app => app.Value);

    private T Pick<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];
}
