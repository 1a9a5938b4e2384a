using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Instances;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scheduler.Tests.Fakes;

/// <summary>
/// A small master with agents of its own that speaks the real protocol over HTTP: offers, launches, kills, reconciliation, status
/// updates that are repeated until they are acknowledged. Tests script what its agents do.
/// </summary>
internal sealed class FakeMaster : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, FakeAgent> _agents = [];
    private readonly Dictionary<string, (string Agent, List<Resource> Resources)> _offers = [];
    private readonly Dictionary<string, TaskStatusInfo> _unacknowledged = [];
    private readonly WebApplication _app;
    private Stream? _stream;
    private int _numbers;

    private FakeMaster(WebApplication app) => _app = app;

    public Uri Address { get; private set; } = null!;

    /// <summary>Every call so far.</summary>
    public ConcurrentQueue<SchedulerCall> Calls { get; } = new();

    /// <summary>Every task id that was ever launched, in order.</summary>
    public List<string> Launched { get; } = [];

    /// <summary>What was wrong: a task launched twice, a call without a subscription...</summary>
    public ConcurrentQueue<string> Faults { get; } = new();

    /// <summary>What a launched task does; by default it runs.</summary>
    public Func<TaskInfo, TaskState> OnLaunch { get; set; } = _ => TaskState.Running;

    /// <summary>Whether a killed task ends.</summary>
    public bool Kills { get; set; } = true;

    /// <summary>Answers a SUBSCRIBE with a redirect to here.</summary>
    public string? RedirectTo { get; set; }

    /// <summary>Seconds between heartbeats as announced; none are sent when <see cref="IsSilent"/>.</summary>
    public double Heartbeat { get; set; } = 15;

    public bool IsSilent { get; set; }

    public FrameworkInfo? Framework { get; private set; }

    public bool IsSubscribed
    {
        get
        {
            lock (_lock) return _stream is not null;
        }
    }

    public IReadOnlyList<FakeTask> Tasks
    {
        get
        {
            lock (_lock) return [.. _agents.Values.SelectMany(agent => agent.Tasks.Values)];
        }
    }

    public static async Task<FakeMaster> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var master = new FakeMaster(app);
        app.Run(master.ServeAsync);
        await app.StartAsync();
        master.Address = new Uri(app.Urls.First());
        return master;
    }

    public FakeMaster WithAgent(
        string id, double cpus = 8, double mem = 8192, string ports = "31000-32000",
        params (string Name, string Value)[] attributes)
    {
        var range = ports.Split('-').Select(ulong.Parse).ToArray();
        var agent = new FakeAgent(
            id,
            [
                Resource.OfScalar("cpus", cpus), Resource.OfScalar("mem", mem), Resource.OfScalar("disk", 100_000),
                Resource.OfRanges("ports", new ValueRange(range[0], range[1])),
            ],
            [.. attributes.Select(attribute => new AgentAttribute
            {
                Name = attribute.Name, Type = ResourceType.Text, Text = new Text(attribute.Value),
            })]);
        lock (_lock)
        {
            _agents[id] = agent;
            Offer();
        }

        return this;
    }

    /// <summary>Ends the event stream, as a master that restarts does; unacknowledged updates and tasks are kept.</summary>
    public void Disconnect()
    {
        lock (_lock)
        {
            _stream?.Close();
            _stream = null;
            _offers.Clear();
        }
    }

    /// <summary>Reports a task's state, as its agent would.</summary>
    public void Report(string taskId, TaskState state, bool? healthy = null, string? message = null, StatusReason? reason = null)
    {
        lock (_lock)
        {
            foreach (var agent in _agents.Values)
            {
                if (!agent.Tasks.TryGetValue(taskId, out var task)) continue;
                task.State = state;
                if (state.IsTerminal()) agent.Tasks.Remove(taskId);
                Update(new TaskStatusInfo
                {
                    TaskId = new TaskId(taskId),
                    AgentId = new AgentId(agent.Id),
                    State = state,
                    Healthy = healthy,
                    Message = message,
                    Reason = reason,
                    Source = StatusSource.Executor,
                    Uuid = Guid.NewGuid().ToByteArray(),
                });
                if (state.IsTerminal()) Offer();
                return;
            }
        }
    }

    /// <summary>An agent stops answering: its tasks are unreachable.</summary>
    public void Silence(string agentId)
    {
        lock (_lock)
        {
            var agent = _agents[agentId];
            agent.IsReachable = false;
            foreach (var task in agent.Tasks.Values)
                Update(Status(agent, task.Info.TaskId.Value, TaskState.Unreachable, StatusReason.AgentRemoved));
        }
    }

    /// <summary>The agent is back, with what it runs.</summary>
    public void Return(string agentId)
    {
        lock (_lock)
        {
            var agent = _agents[agentId];
            agent.IsReachable = true;
            foreach (var task in agent.Tasks.Values)
                Update(Status(agent, task.Info.TaskId.Value, task.State, StatusReason.AgentReregistered));
            Offer();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Disconnect();
        using var hurry = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await _app.StopAsync(hurry.Token);
        await _app.DisposeAsync();
    }

    private async Task ServeAsync(HttpContext context)
    {
        var call = await JsonSerializer.DeserializeAsync(context.Request.Body, MesosJson.Strict.SchedulerCall,
            context.RequestAborted);
        Calls.Enqueue(call!);
        if (call!.Type == CallType.Subscribe)
        {
            await SubscribeAsync(context, call);
            return;
        }

        lock (_lock)
        {
            if (_stream is null || context.Request.Headers["Mesos-Stream-Id"] != _stream.Id)
            {
                context.Response.StatusCode = 403;
                return;
            }

            context.Response.StatusCode = 202;
            Take(call);
        }
    }

    private async Task SubscribeAsync(HttpContext context, SchedulerCall call)
    {
        if (RedirectTo is { } other)
        {
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = other;
            return;
        }

        var stream = new Stream(Guid.NewGuid().ToString());
        lock (_lock)
        {
            _stream?.Close();
            _stream = stream;
            _offers.Clear();
            Framework = call.Subscribe!.FrameworkInfo with
            {
                Id = call.Subscribe.FrameworkInfo.Id
                ?? new FrameworkId($"framework-{++_numbers}")
            };
            foreach (var agent in _agents.Values) agent.IsRefused = false;
            Send(new SchedulerEvent
            {
                Type = EventType.Subscribed,
                Subscribed = new SubscribedEvent(Framework.Id!.Value, Heartbeat)
            });
            foreach (var status in _unacknowledged.Values.ToList())
                Send(new SchedulerEvent { Type = EventType.Update, Update = new UpdateEvent(status) });
            Offer();
        }

        context.Response.ContentType = "application/json";
        context.Response.Headers["Mesos-Stream-Id"] = stream.Id;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        _ = stream.Ended.ContinueWith(_ => Cancel(ending), TaskScheduler.Default);
        try
        {
            await context.Response.StartAsync(ending.Token);
            while (true)
            {
                using var beat = new CancellationTokenSource(TimeSpan.FromSeconds(Heartbeat));
                using var either = CancellationTokenSource.CreateLinkedTokenSource(beat.Token, ending.Token);
                SchedulerEvent @event;
                try
                {
                    @event = await stream.Events.Reader.ReadAsync(either.Token);
                }
                catch (OperationCanceledException) when (!ending.IsCancellationRequested)
                {
                    if (IsSilent) continue;
                    @event = new SchedulerEvent { Type = EventType.Heartbeat };
                }

                await context.Response.Body.WriteAsync(RecordIo.Encode(@event, MesosJson.Default.SchedulerEvent), ending.Token);
                await context.Response.Body.FlushAsync(ending.Token);
            }
        }
        catch (OperationCanceledException)
        {
            lock (_lock)
            {
                if (_stream == stream) _stream = null;
            }

            context.Abort();
        }
    }

    private static void Cancel(CancellationTokenSource source)
    {
        try { source.Cancel(); }
        catch (ObjectDisposedException) { /* the client left first */ }
    }

    private void Take(SchedulerCall call)
    {
        switch (call.Type)
        {
            case CallType.Accept:
                Accept(call.Accept!);
                break;
            case CallType.Decline:
                foreach (var offer in call.Decline!.OfferIds)
                    if (_offers.Remove(offer.Value, out var declined)) _agents[declined.Agent].IsRefused = true;
                break;
            case CallType.Suppress:
                _stream!.IsSuppressed = true;
                break;
            case CallType.Revive:
                _stream!.IsSuppressed = false;
                foreach (var agent in _agents.Values) agent.IsRefused = false;
                Offer();
                break;
            case CallType.Kill:
                Kill(call.Kill!);
                break;
            case CallType.Acknowledge:
                _unacknowledged.Remove(Convert.ToBase64String(call.Acknowledge!.Uuid));
                break;
            case CallType.Reconcile:
                Reconcile(call.Reconcile!);
                break;
            default:
                Faults.Enqueue($"an unexpected {call.Type}");
                break;
        }
    }

    private void Accept(AcceptCall accept)
    {
        var tasks = accept.Operations!.SelectMany(operation => operation.Launch?.TaskInfos
            ?? operation.LaunchGroup!.TaskGroup.Tasks).ToList();
        var taken = accept.OfferIds.Select(offer => _offers.Remove(offer.Value, out var known) ? known.Agent : null).ToList();
        foreach (var task in tasks)
        {
            if (Launched.Contains(task.TaskId.Value)) Faults.Enqueue($"{task.TaskId.Value} is launched twice");
            Launched.Add(task.TaskId.Value);
            if (taken.Contains(null) || taken.Any(agent => agent != task.AgentId.Value))
            {
                Update(new TaskStatusInfo
                {
                    TaskId = task.TaskId,
                    AgentId = task.AgentId,
                    State = TaskState.Dropped,
                    Reason = StatusReason.InvalidOffers,
                });
                continue;
            }

            var agent = _agents[task.AgentId.Value];
            var fault = agent.Fault(task);
            if (fault is not null) Faults.Enqueue(fault);
            agent.Tasks[task.TaskId.Value] = new FakeTask(agent.Id, task);
            var state = OnLaunch(task);
            if (state != TaskState.Staging) Report(task.TaskId.Value, state);
        }

        foreach (var agent in taken.OfType<string>().Distinct()) _agents[agent].IsRefused = true;
    }

    private void Kill(KillCall kill)
    {
        var id = kill.TaskId.Value;
        var agent = _agents.Values.FirstOrDefault(candidate => candidate.Tasks.ContainsKey(id));
        if (agent is null)
        {
            Update(new TaskStatusInfo
            {
                TaskId = kill.TaskId,
                AgentId = kill.AgentId,
                State = TaskState.Gone,
                Reason = StatusReason.Reconciliation
            });
            return;
        }

        if (!agent.IsReachable) return;
        if (agent.Tasks[id].State != TaskState.Killing) Report(id, TaskState.Killing);
        if (Kills) Report(id, TaskState.Killed);
    }

    private void Reconcile(ReconcileCall reconcile)
    {
        if (reconcile.Tasks is not { Count: > 0 } asked)
        {
            foreach (var agent in _agents.Values)
                foreach (var task in agent.Tasks.Values)
                    Answer(agent, task);
            return;
        }

        foreach (var task in asked)
        {
            var agent = _agents.Values.FirstOrDefault(candidate => candidate.Tasks.ContainsKey(task.TaskId.Value));
            if (agent is not null) Answer(agent, agent.Tasks[task.TaskId.Value]);
            else
            {
                Update(new TaskStatusInfo
                {
                    TaskId = task.TaskId,
                    AgentId = task.AgentId,
                    State = TaskState.Gone,
                    Reason = StatusReason.Reconciliation,
                });
            }
        }

        void Answer(FakeAgent agent, FakeTask task) => Update(Status(
            agent, task.Info.TaskId.Value, agent.IsReachable ? task.State : TaskState.Unreachable, StatusReason.Reconciliation));
    }

    private static TaskStatusInfo Status(FakeAgent agent, string taskId, TaskState state, StatusReason reason) => new()
    {
        TaskId = new TaskId(taskId),
        AgentId = new AgentId(agent.Id),
        State = state,
        Reason = reason,
        Source = StatusSource.Master,
    };

    private void Update(TaskStatusInfo status)
    {
        if (status.Uuid is { } uuid) _unacknowledged[Convert.ToBase64String(uuid)] = status;
        Send(new SchedulerEvent { Type = EventType.Update, Update = new UpdateEvent(status) });
    }

    private void Offer()
    {
        if (_stream is null || _stream.IsSuppressed) return;
        var offers = new List<Offer>();
        foreach (var agent in _agents.Values)
        {
            if (!agent.IsReachable || agent.IsRefused || _offers.Values.Any(offer => offer.Agent == agent.Id)) continue;
            var free = agent.Free();
            var id = $"offer-{++_numbers}";
            _offers[id] = (agent.Id, free);
            offers.Add(new Offer
            {
                Id = new OfferId(id),
                FrameworkId = Framework!.Id!.Value,
                AgentId = new AgentId(agent.Id),
                Hostname = agent.Host,
                Resources = free,
                Attributes = agent.Attributes,
            });
        }

        if (offers.Count > 0) Send(new SchedulerEvent { Type = EventType.Offers, Offers = new OffersEvent(offers) });
    }

    private void Send(SchedulerEvent @event) => _stream?.Events.Writer.TryWrite(@event);

    private sealed class Stream(string id)
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Id { get; } = id;

        public bool IsSuppressed { get; set; }

        public Task Ended => _ended.Task;

        public Channel<SchedulerEvent> Events { get; } = Channel.CreateUnbounded<SchedulerEvent>();

        public void Close() => _ended.TrySetResult();
    }
}

internal sealed record FakeTask(string AgentId, TaskInfo Info)
{
    public TaskState State { get; set; } = TaskState.Staging;
}

internal sealed class FakeAgent(string id, IReadOnlyList<Resource> total, IReadOnlyList<AgentAttribute> attributes)
{
    public string Id { get; } = id;

    public string Host { get; } = "127.0.0.1";

    public IReadOnlyList<AgentAttribute> Attributes { get; } = attributes;

    public Dictionary<string, FakeTask> Tasks { get; } = [];

    public bool IsReachable { get; set; } = true;

    public bool IsRefused { get; set; }

    /// <summary>Why the agent could not run a task, or null.</summary>
    public string? Fault(TaskInfo task)
    {
        foreach (var (name, need) in task.Resources.Where(resource => resource.Scalar is not null)
            .Select(resource => (resource.Name, resource.Scalar!.Value)))
        {
            var free = Free().First(resource => resource.Name == name).Scalar!.Value;
            if (need > free + 0.001) return $"{task.TaskId.Value} needs {need} {name}, {free} are free";
        }

        var ports = PortsOf(task).ToList();
        return ports.Intersect(Tasks.Values.SelectMany(other => PortsOf(other.Info))).Any()
            ? $"{task.TaskId.Value} takes a port that is taken" : null;
    }

    public List<Resource> Free()
    {
        var free = new List<Resource>();
        foreach (var resource in total)
        {
            if (resource.Scalar is { } scalar)
            {
                var used = Tasks.Values.SelectMany(task => task.Info.Resources).Where(other => other.Name == resource.Name)
                    .Sum(other => other.Scalar!.Value);
                free.Add(Resource.OfScalar(resource.Name, Math.Round(scalar.Value - used, 3)));
                continue;
            }

            var taken = Tasks.Values.SelectMany(task => PortsOf(task.Info)).ToHashSet();
            var ranges = new List<ValueRange>();
            foreach (var range in resource.Ranges!.Range)
            {
                for (var port = range.Begin; port <= range.End; port++)
                {
                    if (taken.Contains(port)) continue;
                    if (ranges.Count > 0 && ranges[^1].End + 1 == port) ranges[^1] = ranges[^1] with { End = port };
                    else ranges.Add(new ValueRange(port, port));
                }
            }

            free.Add(Resource.OfRanges("ports", ranges));
        }

        return free;
    }

    private static IEnumerable<ulong> PortsOf(TaskInfo task) => task.Resources.Where(resource => resource.Ranges is not null)
        .SelectMany(resource => resource.Ranges!.Range)
        .SelectMany(range => Enumerable.Range((int)range.Begin, (int)(range.End - range.Begin) + 1).Select(port => (ulong)port));
}
