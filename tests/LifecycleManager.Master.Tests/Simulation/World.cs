using System.Text.Json;
using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Api;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Leadership;
using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Prometheus;

namespace LifecycleManager.Master.Tests.Simulation;

/// <summary>
/// The master's state between agents, frameworks and operators that do anything in any order, on a clock and a store of the
/// test's: writes become durable late, or are refused.
/// </summary>
internal sealed class World : IAsyncDisposable, IRegistry
{
    public int Queued => 0;

    private static readonly StreamMemory Memory = new(long.MaxValue, NullLogger.Instance);

    private readonly FakeTimeProvider _time;
    private readonly Fault _fault;
    private readonly ChangeMark _changes;
    private readonly List<string> _told = [];
    private readonly ClusterLoop _loop;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _running;
    private readonly MasterCore _core;
    private readonly Queue<(Action Durable, Action<string> Refused)> _writes = new();
    private readonly List<WorldAgent> _agents = [];
    private readonly List<WorldFramework> _frameworks = [];
    private int _task;

    /// <param name="time">The clock; one of its own where none is stated.</param>
    /// <param name="fault">What is thrown at some point of the master's work; nothing where none is stated.</param>
    /// <param name="records">What the registry has; nothing where none is stated.</param>
    public World(FakeTimeProvider? time = null, Fault? fault = null, RegistryRecords? records = null)
    {
        _time = time ?? new FakeTimeProvider();
        _fault = fault ?? new Fault(0);
        _changes = new ChangeMark(_fault.Pass);
        _loop = new ClusterLoop(_time, new RoleHealth(_time).Loop("the loop"), _changes);
        var options = new MasterOptions
        {
            AgentPingInterval = TimeSpan.FromSeconds(5),
            MaxAgentPings = 2,
            OfferTimeout = TimeSpan.FromSeconds(7),
            AllocationDelay = TimeSpan.Zero,
            MaxCompletedTasks = 5,
            MaxUnreachableTasks = 5,
            MaxCompletedFrameworks = 2,
            MaxRemembered = 3,
        };
        _core = new MasterCore("m", options, _time, _loop, _changes, this, new HierarchicalDrfAllocator(),
            new MasterMetrics(Metrics.NewCustomRegistry()), _fault);
        if (records is not null) _core.Recover(records.Agents, records.Frameworks, records.Roles, records.Schedule);
        _running = _loop.RunAsync(_end.Token);
    }

    /// <summary>Events and states that any world has seen.</summary>
    public static HashSet<string> Seen { get; } = [];

    /// <summary>Whether the term has ended by itself.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>What agents and frameworks were told, in order.</summary>
    public IReadOnlyList<string> Told => _told;

    public void Commit(IReadOnlyList<StateWrite> writes, Action durable, Action<string> refused)
    {
        _fault.Pass();
        _writes.Enqueue((durable, refused));
    }

    public async Task StepAsync(int kind, int x, int y)
    {
        switch (kind)
        {
            case 0:
                _agents.Add(new WorldAgent { Info = MasterUnderTest.Info(1 + (x % 8), 500 + y) }); await RegisterAsync(
                _agents[^1]); break;
            case 1 when Pick(_agents, x) is { } agent: await RegisterAsync(agent); break;
            case 2 when Pick(_agents, x) is { Stream: { } stream } agent:
                agent.Stream = null;
                await Do(core => core.Connections.StreamEnded(stream, agent.Info.Id));
                break;
            case 3 or 4 when _frameworks.Count < 6:
                _frameworks.Add(new WorldFramework { Info = TestFramework.PartitionAware("f", y % 20, "r" + (x % 3)) });
                await SubscribeAsync(_frameworks[^1]);
                break;
            case 5 when Pick(_frameworks, x) is { } framework: await SubscribeAsync(framework); break;
            case 6 when Pick(_frameworks, x) is { Stream: { } stream } framework:
                framework.Stream = null;
                await Do(core => core.Frameworks.StreamEnded(stream, framework.Info.Id));
                break;
            case 7 when Pick(_frameworks, x) is { Info.Id: { } id }:
                await Do(core =>
                {
                    if (core.FindFramework(id) is { } known) _ = core.Frameworks.Remove(known, "test");
                });
                break;
            case 8 when Pick(_frameworks, x) is { } framework && Pick(framework.Offers, y) is { } offer:
                framework.Offers.Remove(offer);
                await With(framework, (core, own) => core.Offers.Decline(own,
                    new DeclineCall([offer.Id], new Filters { RefuseSeconds = y % 10 })));
                break;
            case >= 9 and <= 12 when Pick(_frameworks, x) is { } framework && Pick(framework.Offers, y) is { } offer:
                framework.Offers.Remove(offer);
                var operations = kind == 12 ? Reserve(offer, y) : Launch(offer, y, kind == 11);
                await With(framework, (core, own) => core.Acceptance.Accept(own,
                    new AcceptCall([offer.Id], operations, new Filters { RefuseSeconds = 0 })));
                break;
            case >= 13 and <= 16 when Pick(_agents, x) is { Stream: not null } agent
                && Pick([.. agent.Tasks.Values], y) is { } task:
                await UpdateAsync(agent, task, y % 3 == 0 ? TaskState.Running : y % 3 == 1
                    ? TaskState.Failed : TaskState.Finished);
                break;
            case 17 when Pick(_frameworks, x) is { } framework:
                await With(framework, (core, own) => core.Tasks.Kill(own, new KillCall(new TaskId("t" + (y % (_task + 1))))));
                break;
            case 18: await AdvanceAsync(x % 30); break;
            case 19: await DurableAsync(1 + (x % 3)); break;
            case 24: await RefuseAsync(); break;
            case 20 when Pick(_agents, x) is { Info.Id: { } id }:
                await Do(core => _ = y % 4 == 0 ? core.Removal.MarkGone(id) : y % 4 == 1
                    ? core.Operations.Drain(id, null, x % 2 == 0) : y % 4 == 2
                    ? core.Operations.Deactivate(id) : core.Operations.Reactivate(id));
                break;
            case 21 when Pick(_agents, x) is { Stream: not null, Info.Id: { } id } agent:
                await Do(core =>
                {
                    if (core.Connections.AgentOf(id, agent.Stream!.Id) is { } known)
                        core.Reservations.Oversubscribe(known, [Resource.OfScalar("cpus", y / 500.0)]);
                });
                break;
            case 22 when Pick(_frameworks, x) is { } framework:
                await With(framework, (core, own) => core.Frameworks.Revive(own, null));
                break;
            case 23 when Pick(_frameworks, x) is { } framework:
                await With(framework,
                (core, own) => core.Tasks.Reconcile(own, new ReconcileCall())); break;
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
        var tasks = Enumerable.Range(0, 1 + (y % 2))
            .Select(_ => TestFramework.Sleep(offer, "t" + _task++, 0.001 * (y + 1), 10 + y)).ToList();
        if (!asGroup) return [new Operation { Type = OperationType.Launch, Launch = new LaunchOperation(tasks) }];
        var executor = new ExecutorInfo
        {
            Type = "DEFAULT",
            ExecutorId = new ExecutorId("e" + (y % 4)),
            Resources = [Resource.OfScalar("cpus", 0.1)]
        };
        return [new Operation { Type = OperationType.LaunchGroup,
            LaunchGroup = new LaunchGroupOperation(executor, new TaskGroupInfo(tasks)) }];
    }

    private List<Operation> Reserve(Offer offer, int y)
    {
        var role = offer.AllocationInfo!.Role!;
        var reserved =
            Resource.OfScalar("cpus", 0.5) with { Reservations = [new ReservationInfo { Type = "DYNAMIC", Role = role }] };
        return
        [
            new Operation { Type = y % 2 == 0 ? OperationType.Reserve : OperationType.Unreserve,
                Reserve = new ReserveOperation([reserved]), Unreserve = new ReserveOperation([reserved]) },
            .. Launch(offer, y, false),
        ];
    }

    private async Task RegisterAsync(WorldAgent agent)
    {
        var stream = agent.Stream = new EventStream<AgentEvent>(_ => [], 1000, Memory);
        var tasks = agent.Tasks.Values.ToList();
        await Do(core => core.Agents.Register(new RegisterCall(agent.Info, "1", tasks), stream));
    }

    private async Task SubscribeAsync(WorldFramework framework)
    {
        var stream = framework.Stream = new EventStream<SchedulerEvent>(_ => [], 1000, Memory);
        framework.Offers.Clear();
        await Do(core => core.Frameworks.Subscribe(new SubscribeCall(framework.Info), stream));
    }

    private async Task UpdateAsync(WorldAgent agent, AgentTask task, TaskState state)
    {
        var status = new TaskStatusInfo { TaskId = task.Task.TaskId, State = state, Uuid = Guid.NewGuid().ToByteArray() };
        agent.Tasks[(task.FrameworkId, task.Task.TaskId)] = task = task with { Status = status };
        await TellAsync(agent, task);
    }

    private async Task TellAsync(WorldAgent agent, AgentTask task)
    {
        var (id, stream) = (agent.Info.Id, agent.Stream!.Id);
        await Do(core =>
        {
            if (core.Connections.AgentOf(id, stream) is { } known)
                core.Tasks.Update(known, new StatusUpdateCall(task.FrameworkId, task.Status, task.Status.State));
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
        for (; count > 0 && _writes.TryDequeue(out var write); count--) await DoEvent(write.Durable);
    }

    // Everything that waits is withdrawn together, the newest first.
    private async Task RefuseAsync()
    {
        var writes = _writes.Reverse().ToList();
        _writes.Clear();
        await DoEvent(() =>
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

    private async Task HandleAsync(WorldAgent agent, AgentEvent message)
    {
        Seen.Add(message.Type.ToString());
        _told.Add(
            $"agent {_agents.IndexOf(agent)}: {message.Type} {message.Kill?.TaskId.Value}{message.Acknowledge?.TaskId.Value}");
        switch (message.Type)
        {
            case AgentEventType.Registered: agent.Info = agent.Info with { Id = message.Registered!.AgentId }; break;
            case AgentEventType.Run:
                foreach (var task in message.Run!.Tasks)
                {
                    var key = (message.Run.Framework.Id!.Value, task.TaskId);
                    Assert.False(_agents.Any(other => other.Tasks.ContainsKey(key)), $"{task.TaskId.Value} runs twice");
                    agent.Tasks[key] = new AgentTask(key.Item1, task,
                        new TaskStatusInfo { TaskId = task.TaskId, State = TaskState.Staging });
                }

                break;
            case AgentEventType.Kill when agent.Tasks.TryGetValue((message.Kill!.FrameworkId, message.Kill.TaskId), out var task):
                await UpdateAsync(agent, task, TaskState.Killed);
                break;
            case AgentEventType.KillFramework:
                foreach (var killed in agent.Tasks.Values.Where(task => task.FrameworkId == message.KillFramework).ToList())
                    await UpdateAsync(agent, killed, TaskState.Killed);
                break;
            case AgentEventType.Resend:
                foreach (var told in agent.Tasks.Values.Where(
                    task => task.FrameworkId == message.Resend && task.Status.Uuid is not null).ToList())
                    await TellAsync(agent, told);
                break;
            case AgentEventType.Acknowledge:
                var acknowledged = (message.Acknowledge!.FrameworkId, message.Acknowledge.TaskId);
                if (agent.Tasks.TryGetValue(acknowledged, out var done) && done.Status.State.IsTerminal())
                    agent.Tasks.Remove(acknowledged);
                break;
            case AgentEventType.Shutdown: agent.Tasks.Clear(); break;
        }
    }

    private async Task HandleAsync(WorldFramework framework, SchedulerEvent message)
    {
        Seen.Add(message.Type.ToString());
        var about = message.Offers is { } given ? string.Join(' ', given.Offers.Select(offer => offer.Id.Value))
            : message.Rescind?.OfferId.Value
            ?? $"{message.Update?.Status.TaskId.Value} {message.Update?.Status.State} {message.Failure?.AgentId?.Value}";
        _told.Add($"framework {_frameworks.IndexOf(framework)}: {message.Type} {about}");
        if (message.Update is { } update) Seen.Add(update.Status.State.ToString());
        if (message.Subscribed is { } subscribed) framework.Info = framework.Info with { Id = subscribed.FrameworkId };
        framework.Offers.AddRange(message.Offers?.Offers ?? []);
        if (message.Rescind is { } rescind) framework.Offers.RemoveAll(offer => offer.Id == rescind.OfferId);
        if (message.Update?.Status is { Uuid: { } uuid } status)
        {
            await With(framework, (core, own) => core.Tasks.Acknowledge(own,
                new AcknowledgeCall(status.AgentId!.Value, status.TaskId, uuid)));
        }
    }

    private Task With(WorldFramework framework, Action<MasterCore, Framework> action) => Do(core =>
    {
        // As the API: only on the present stream of a subscribed framework.
        if (framework.Info.Id is { } id && core.FindFramework(id) is { IsConnected: true } known
            && known.Stream == framework.Stream) action(core, known);
    });

    /// <summary>Something that happens, and ends the term where it throws.</summary>
    private Task DoEvent(Action action) => Do(_ =>
    {
        _changes.Advance();
        action();
    });

    /// <summary>A call: where it fails and the term goes on, everything is as it was.</summary>
    private async Task Do(Action<MasterCore> action)
    {
        if (HasEnded) return;
        var before = _fault.IsArmed ? await StateAsync() : null;
        try
        {
            await AskAsync(core =>
            {
                _fault.IsOn = true;
                action(core);
                return "";
            });

            // What it made due at once is done before anybody reads what came of it.
            await AskAsync(static _ => "");
        }
        catch (CallFailedException e) when (e.InnerException is Fault.InjectedException)
        {
            _fault.Answered++;
        }
        catch (OperationCanceledException)
        {
        }

        if (before is null) return;
        _fault.IsOn = false;
        try
        {
            var after = await StateAsync();
            if (!_fault.IsArmed) Assert.Equal(before, after);
        }
        catch (OperationCanceledException)
        {
            HasEnded = true;
        }
    }

    /// <summary>All that anybody can see.</summary>
    public Task<string> StateAsync() => AskAsync(core =>
    {
        _fault.IsOn = false;
        using var stream = new MemoryStream();
        using var json = new Utf8JsonWriter(stream);
        var view = core.Views.All();
        json.WriteStartObject();
        OperatorViews.State(json, view);
        OperatorViews.Roles(json, view);
        foreach (var framework in view.Frameworks)
        {
            json.WritePropertyName(framework.Id.Value);
            StateJson.Framework(json, framework);
        }

        json.WriteEndObject();
        json.Flush();
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    });

    private Task<T> AskAsync<T>(Func<MasterCore, T> function) => _loop.AskAsync(() => function(_core));
}

internal sealed class WorldAgent
{
    public required AgentInfo Info { get; set; }

    public EventStream<AgentEvent>? Stream { get; set; }

    public Dictionary<(FrameworkId, TaskId), AgentTask> Tasks { get; } = [];
}

internal sealed class WorldFramework
{
    public required FrameworkInfo Info { get; set; }

    public EventStream<SchedulerEvent>? Stream { get; set; }

    public List<Offer> Offers { get; } = [];
}
