using CsCheck;
using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Prometheus;

namespace LifecycleManager.Master.Tests.Cluster;

/// <summary>
/// Random sequences of everything that agents, frameworks and operators can do, in any order, with writes that become durable
/// late: after each step every amount is counted exactly once, and no task runs on two agents.
/// </summary>
public sealed class AccountsTests
{
    private const int MaxRounds = 12;
    private static readonly HashSet<string> Seen = [];

    [Fact]
    public void Every_amount_is_counted_exactly_once_whatever_happens()
    {
        // It proves nothing about what did not happen: a rare event may want more rounds than one.
        string[] expected =
        [
            "Run", "Kill", "KillFramework", "Acknowledge", "Ping", "Shutdown", "Resources", "Offers", "Rescind", "Update", "Failure", "Error",
            "Staging", "Running", "Failed", "Killed", "Finished", "Dropped", "Unreachable", "GoneByOperator",
        ];
        for (var round = 0; round == 0 || (round < MaxRounds && expected.Except(Seen).Any()); round++)
        {
            Gen.Select(Gen.Int[0, 24], Gen.Int[0, 1000], Gen.Int[0, 1000]).Array[20, 120].Sample(
                steps => RunAsync(steps).GetAwaiter().GetResult(), iter: 300, threads: 1);
        }

        Assert.Empty(expected.Except(Seen));
    }

    private static async Task RunAsync((int Kind, int X, int Y)[] steps)
    {
        await using var world = new World();
        foreach (var (kind, x, y) in steps)
        {
            await world.StepAsync(kind, x, y);
            await world.VerifyAsync();
        }

        await world.SettleAsync();
    }

    private sealed class World : IAsyncDisposable, IRegistry
    {
        private readonly FakeTimeProvider _time = new();
        private readonly ClusterLoop _loop;
        private readonly CancellationTokenSource _end = new();
        private readonly Task _running;
        private readonly MasterCore _core;
        private readonly Queue<(Action Durable, Action<string> Refused)> _writes = new();
        private readonly List<TestAgent> _agents = [];
        private readonly List<TestFramework> _frameworks = [];
        private int _task;

        public World()
        {
            var changes = new ChangeMark();
            _loop = new ClusterLoop(_time, new RoleHealth(_time).Loop("the loop"), changes);
            var options = new MasterOptions
            {
                AgentPingInterval = TimeSpan.FromSeconds(5), MaxAgentPings = 2, OfferTimeout = TimeSpan.FromSeconds(7), AllocationDelay = TimeSpan.Zero,
                MaxCompletedTasks = 5, MaxUnreachableTasks = 5, MaxCompletedFrameworks = 2, MaxRemembered = 3,
            };
            _core = new MasterCore("m", options, _time, _loop, changes, this, new HierarchicalDrfAllocator(), new MasterMetrics(Metrics.NewCustomRegistry()), NullLogger.Instance);
            _running = _loop.RunAsync(_end.Token);
        }

        public void Commit(IReadOnlyList<StateWrite> writes, Action durable, Action<string> refused) => _writes.Enqueue((durable, refused));

        public async Task StepAsync(int kind, int x, int y)
        {
            switch (kind)
            {
                case 0: _agents.Add(new TestAgent { Info = Simulation.MasterUnderTest.Info(1 + (x % 8), 500 + y) }); await RegisterAsync(_agents[^1]); break;
                case 1 when Pick(_agents, x) is { } agent: await RegisterAsync(agent); break;
                case 2 when Pick(_agents, x) is { Stream: { } stream } agent:
                    agent.Stream = null;
                    await Do(core => core.StreamEnded(stream, agent.Info.Id));
                    break;
                case 3 or 4 when _frameworks.Count < 6:
                    _frameworks.Add(new TestFramework { Info = Simulation.TestFramework.PartitionAware("f", y % 20, "r" + (x % 3)) });
                    await SubscribeAsync(_frameworks[^1]);
                    break;
                case 5 when Pick(_frameworks, x) is { } framework: await SubscribeAsync(framework); break;
                case 6 when Pick(_frameworks, x) is { Stream: { } stream } framework:
                    framework.Stream = null;
                    await Do(core => core.StreamEnded(stream, framework.Info.Id));
                    break;
                case 7 when Pick(_frameworks, x) is { Info.Id: { } id }:
                    await Do(core =>
                    {
                        if (core.FindFramework(id) is { } known) _ = core.Remove(known, "test");
                    });
                    break;
                case 8 when Pick(_frameworks, x) is { } framework && Pick(framework.Offers, y) is { } offer:
                    framework.Offers.Remove(offer);
                    await With(framework, (core, own) => core.Decline(own, new DeclineCall([offer.Id], new Filters { RefuseSeconds = y % 10 })));
                    break;
                case >= 9 and <= 12 when Pick(_frameworks, x) is { } framework && Pick(framework.Offers, y) is { } offer:
                    framework.Offers.Remove(offer);
                    var operations = kind == 12 ? Reserve(offer, y) : Launch(offer, y, kind == 11);
                    await With(framework, (core, own) => core.Accept(own, new AcceptCall([offer.Id], operations, new Filters { RefuseSeconds = 0 })));
                    break;
                case >= 13 and <= 16 when Pick(_agents, x) is { Stream: not null } agent && Pick([.. agent.Tasks.Values], y) is { } task:
                    await UpdateAsync(agent, task, y % 3 == 0 ? TaskState.Running : y % 3 == 1 ? TaskState.Failed : TaskState.Finished);
                    break;
                case 17 when Pick(_frameworks, x) is { } framework:
                    await With(framework, (core, own) => core.Kill(own, new KillCall(new TaskId("t" + (y % (_task + 1))))));
                    break;
                case 18: await AdvanceAsync(x % 30); break;
                case 19: await DurableAsync(1 + (x % 3)); break;
                case 24: await RefuseAsync(); break;
                case 20 when Pick(_agents, x) is { Info.Id: { } id }:
                    await Do(core => _ = y % 4 == 0 ? core.MarkGone(id) : y % 4 == 1 ? core.Drain(id, null, x % 2 == 0) : y % 4 == 2 ? core.Deactivate(id) : core.Reactivate(id));
                    break;
                case 21 when Pick(_agents, x) is { Stream: not null, Info.Id: { } id } agent:
                    await Do(core =>
                    {
                        if (core.AgentOf(id, agent.Stream!.Id) is { } known) core.Oversubscribe(known, [Resource.OfScalar("cpus", y / 500.0)]);
                    });
                    break;
                case 22 when Pick(_frameworks, x) is { } framework:
                    await With(framework, (core, own) => core.Revive(own, null));
                    break;
                case 23 when Pick(_frameworks, x) is { } framework: await With(framework, (core, own) => core.Reconcile(own, new ReconcileCall())); break;
            }

            if ((x + y) % 2 == 0) await DurableAsync(int.MaxValue);
            await PumpAsync();
        }

        public async Task VerifyAsync()
        {
            await Do(core => core.Verify());
        }

        /// <summary>Everything is answered; then nothing is left offered or used by anybody who is gone.</summary>
        public async Task SettleAsync()
        {
            for (var i = 0; i < 3; i++)
            {
                await DurableAsync(int.MaxValue);
                await PumpAsync();
                foreach (var agent in _agents.Where(agent => agent.Stream is not null))
                {
                    foreach (var task in agent.Tasks.Values.ToList()) await UpdateAsync(agent, task, TaskState.Finished);
                }

                await PumpAsync();
            }

            await VerifyAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _end.Dispose();
        }

        private static T? Pick<T>(IReadOnlyList<T> items, int x) where T : class => items.Count == 0 ? null : items[x % items.Count];

        private List<Operation> Launch(Offer offer, int y, bool asGroup)
        {
            var tasks = Enumerable.Range(0, 1 + (y % 2)).Select(_ => Simulation.TestFramework.Sleep(offer, "t" + _task++, 0.001 * (y + 1), 10 + y)).ToList();
            if (!asGroup) return [new Operation { Type = OperationType.Launch, Launch = new LaunchOperation(tasks) }];
            var executor = new ExecutorInfo { Type = "DEFAULT", ExecutorId = new ExecutorId("e" + (y % 4)), Resources = [Resource.OfScalar("cpus", 0.1)] };
            return [new Operation { Type = OperationType.LaunchGroup, LaunchGroup = new LaunchGroupOperation(executor, new TaskGroupInfo(tasks)) }];
        }

        private List<Operation> Reserve(Offer offer, int y)
        {
            var role = offer.AllocationInfo!.Role!;
            var reserved = Resource.OfScalar("cpus", 0.5) with { Reservations = [new ReservationInfo { Type = "DYNAMIC", Role = role }] };
            return
            [
                new Operation { Type = y % 2 == 0 ? OperationType.Reserve : OperationType.Unreserve, Reserve = new ReserveOperation([reserved]), Unreserve = new ReserveOperation([reserved]) },
                .. Launch(offer, y, false),
            ];
        }

        private async Task RegisterAsync(TestAgent agent)
        {
            var stream = agent.Stream = new EventStream<AgentEvent>(_ => [], 1000);
            var tasks = agent.Tasks.Values.ToList();
            await Do(core => core.Register(new RegisterCall(agent.Info, "1", tasks), stream));
        }

        private async Task SubscribeAsync(TestFramework framework)
        {
            var stream = framework.Stream = new EventStream<SchedulerEvent>(_ => [], 1000);
            framework.Offers.Clear();
            await Do(core => core.Subscribe(new SubscribeCall(framework.Info), stream));
        }

        private async Task UpdateAsync(TestAgent agent, AgentTask task, TaskState state)
        {
            var status = new TaskStatusInfo { TaskId = task.Task.TaskId, State = state, Uuid = Guid.NewGuid().ToByteArray() };
            agent.Tasks[(task.FrameworkId, task.Task.TaskId)] = task with { Status = status };
            var (id, stream) = (agent.Info.Id, agent.Stream!.Id);
            await Do(core =>
            {
                if (core.AgentOf(id, stream) is { } known) core.Update(known, new StatusUpdateCall(task.FrameworkId, status, state));
            });
        }

        private async Task AdvanceAsync(int seconds)
        {
            for (; seconds > 0; seconds -= 5)
            {
                _time.Advance(TimeSpan.FromSeconds(Math.Min(5, seconds)));
                await Do(_ => { });
            }
        }

        private async Task DurableAsync(int count)
        {
            for (; count > 0 && _writes.TryDequeue(out var write); count--) await Do(_ => write.Durable());
        }

        // Everything that waits is withdrawn together, the newest first.
        private async Task RefuseAsync()
        {
            var writes = _writes.Reverse().ToList();
            _writes.Clear();
            await Do(_ =>
            {
                foreach (var (_, refused) in writes) refused("the store is full");
            });
        }

        // The other ends read what came for them, and answer.
        private async Task PumpAsync()
        {
            await Do(_ => { });
            _time.Advance(TimeSpan.FromMilliseconds(1));
            await Do(_ => { });
            foreach (var agent in _agents)
            {
                while (agent.Stream is { } stream && stream.TryRead(out var message)) await HandleAsync(agent, message);
            }

            foreach (var framework in _frameworks)
            {
                while (framework.Stream is { } stream && stream.TryRead(out var message)) await HandleAsync(framework, message);
            }
        }

        private async Task HandleAsync(TestAgent agent, AgentEvent message)
        {
            Seen.Add(message.Type.ToString());
            switch (message.Type)
            {
                case AgentEventType.Registered: agent.Info = agent.Info with { Id = message.Registered!.AgentId }; break;
                case AgentEventType.Run:
                    foreach (var task in message.Run!.Tasks)
                    {
                        var key = (message.Run.Framework.Id!.Value, task.TaskId);
                        Assert.False(_agents.Any(other => other.Tasks.ContainsKey(key)), $"{task.TaskId.Value} runs twice");
                        agent.Tasks[key] = new AgentTask(key.Item1, task, new TaskStatusInfo { TaskId = task.TaskId, State = TaskState.Staging });
                    }

                    break;
                case AgentEventType.Kill when agent.Tasks.TryGetValue((message.Kill!.FrameworkId, message.Kill.TaskId), out var task):
                    await UpdateAsync(agent, task, TaskState.Killed);
                    break;
                case AgentEventType.KillFramework:
                    foreach (var killed in agent.Tasks.Values.Where(task => task.FrameworkId == message.KillFramework).ToList()) await UpdateAsync(agent, killed, TaskState.Killed);
                    break;
                case AgentEventType.Acknowledge:
                    var acknowledged = (message.Acknowledge!.FrameworkId, message.Acknowledge.TaskId);
                    if (agent.Tasks.TryGetValue(acknowledged, out var done) && done.Status.State.IsTerminal()) agent.Tasks.Remove(acknowledged);
                    break;
                case AgentEventType.Shutdown: agent.Tasks.Clear(); break;
            }
        }

        private async Task HandleAsync(TestFramework framework, SchedulerEvent message)
        {
            Seen.Add(message.Type.ToString());
            if (message.Update is { } update) Seen.Add(update.Status.State.ToString());
            if (message.Subscribed is { } subscribed) framework.Info = framework.Info with { Id = subscribed.FrameworkId };
            framework.Offers.AddRange(message.Offers?.Offers ?? []);
            if (message.Rescind is { } rescind) framework.Offers.RemoveAll(offer => offer.Id == rescind.OfferId);
            if (message.Update?.Status is { Uuid: { } uuid } status)
            {
                await With(framework, (core, own) => core.Acknowledge(own, new AcknowledgeCall(status.AgentId!.Value, status.TaskId, uuid)));
            }
        }

        private Task<bool> With(TestFramework framework, Action<MasterCore, Framework> action) => Do(core =>
        {
            // As the API: only on the present stream of a subscribed framework.
            if (framework.Info.Id is { } id && core.FindFramework(id) is { IsConnected: true } known && known.Stream == framework.Stream) action(core, known);
        });

        private Task<bool> Do(Action<MasterCore> action) => _loop.AskAsync(() =>
        {
            action(_core);
            return true;
        });
    }

    private sealed class TestAgent
    {
        public required AgentInfo Info { get; set; }

        public EventStream<AgentEvent>? Stream { get; set; }

        public Dictionary<(FrameworkId, TaskId), AgentTask> Tasks { get; } = [];
    }

    private sealed class TestFramework
    {
        public required FrameworkInfo Info { get; set; }

        public EventStream<SchedulerEvent>? Stream { get; set; }

        public List<Offer> Offers { get; } = [];
    }
}
