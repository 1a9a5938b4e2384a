using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Simulation;

/// <summary>
/// An agent that runs nothing, over the real protocol: registers, answers pings, reports every task as RUNNING at once (unless
/// told otherwise), keeps each status until it is acknowledged, and repeats the oldest. The benchmarks compile this file too.
/// </summary>
public sealed class SimulatedAgent : IAsyncDisposable
{
    private readonly HttpClient _client;
    private readonly Func<TaskInfo, TaskState?> _onRun;
    private readonly ConcurrentDictionary<(FrameworkId, TaskId), SimulatedTask> _tasks = new();
    private readonly ConcurrentQueue<AgentEvent> _events = new();
    private CancellationTokenSource _connection = new();
    private Task _reading = Task.CompletedTask;
    private TaskCompletionSource<AgentEvent> _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>An agent.</summary>
    /// <param name="client">With the master's address; redirects must be followed by the caller's handler.</param>
    /// <param name="info">What it says of itself.</param>
    /// <param name="onRun">The first state of a task; null: none is reported.</param>
    public SimulatedAgent(HttpClient client, AgentInfo info, Func<TaskInfo, TaskState?>? onRun = null)
    {
        _client = client;
        Info = info;
        _onRun = onRun ?? (_ => TaskState.Running);
    }

    /// <summary>What it says of itself, with its id once it has one.</summary>
    public AgentInfo Info { get; set; }

    /// <summary>Its id.</summary>
    public AgentId Id => Info.Id!.Value;

    /// <summary>The master that it talks to; null for the client's own address.</summary>
    public Uri? Master { get; set; }

    /// <summary>Where it says that it is reached; null where it says nothing.</summary>
    public Uri? Advertises { get; set; }

    /// <summary>Ends with its present stream.</summary>
    public Task Connection => _reading;

    /// <summary>Whether pings are answered.</summary>
    public bool AnswersPings { get; set; } = true;

    /// <summary>What it runs, and statuses that nobody has acknowledged.</summary>
    public ICollection<SimulatedTask> Tasks => _tasks.Values;

    /// <summary>Every event that came, oldest first.</summary>
    public IReadOnlyCollection<AgentEvent> Events => _events;

    /// <summary>The id of its present stream.</summary>
    public string StreamId { get; private set; } = "";

    /// <summary>Whether its stream is open.</summary>
    public bool IsConnected => !_reading.IsCompleted;

    /// <summary>Opens the stream and waits for the master's first event.</summary>
    public async Task<AgentEvent> RegisterAsync()
    {
        // One stream at a time: what was still on the former is not read any more.
        await DisconnectAsync();
        _connection.Dispose();
        _connection = new CancellationTokenSource();
        _answered = new TaskCompletionSource<AgentEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
        var call = new AgentCall
        {
            Type = AgentCallType.Register,
            AgentId = Info.Id,
            Register = new RegisterCall(
                Info, "1.0.0",
                [.. _tasks.Values.Select(task => new AgentTask(task.Framework.Id!.Value, task.Info, task.Latest))],
                [.. _tasks.Values.Select(task => task.Framework).DistinctBy(framework => framework.Id)],
                ["process"],
                Advertises?.ToString()),
        };
        using var request = new HttpRequestMessage(HttpMethod.Post,
            Address)
        { Content = Json(call, AgentJson.Default.AgentCall) };
        var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _connection.Token);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new HttpRequestException($"REGISTER: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }

        StreamId = response.Headers.GetValues("Mesos-Stream-Id").Single();
        _reading = ReadAsync(response, _connection.Token);
        return await _answered.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>Cuts the connection, as a crash or a broken network does. The tasks run on.</summary>
    public async Task DisconnectAsync()
    {
        await _connection.CancelAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Reports a new state of a task.</summary>
    public Task ReportAsync(TaskId id, TaskState state, string? message = null)
    {
        var (key, task) = _tasks.First(entry => entry.Key.Item2 == id);
        return ReportAsync(key, task, state, message);
    }

    /// <summary>Takes over a task, as an agent does that recovers after a restart.</summary>
    public void Adopt(SimulatedTask task) => _tasks[(task.Framework.Id!.Value, task.Info.TaskId)] = task;

    /// <summary>Loses a task without a word.</summary>
    public void Forget(TaskId id)
    {
        foreach (var key in _tasks.Keys.Where(key => key.Item2 == id)) _tasks.TryRemove(key, out _);
    }

    /// <summary>Sends the oldest status of each task again that is not acknowledged.</summary>
    public async Task RepeatAsync()
    {
        foreach (var (key, task) in _tasks) await SendOldestAsync(key, task);
    }

    /// <summary>Makes a call and gives the status.</summary>
    public async Task<HttpStatusCode> CallAsync(AgentCall call)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address)
        {
            Content = Json(call with { AgentId = Info.Id }, AgentJson.Default.AgentCall),
        };
        request.Headers.Add("Mesos-Stream-Id", StreamId);
        using var response = await _client.SendAsync(request);
        return response.StatusCode;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await DisconnectAsync();
        _connection.Dispose();
    }

    private Uri Address => new(Master ?? _client.BaseAddress!, "/api/v1/agent");

    private static ByteArrayContent Json<T>(T value, JsonTypeInfo<T> type) =>
        new(JsonSerializer.SerializeToUtf8Bytes(value, type))
        {
            Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
        };

    private async Task ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        using (response)
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
            await foreach (var message in RecordIo.ReadAsync(stream, AgentJson.Default.AgentEvent, cancellation: cancellation))
            {
                if (message.Type == AgentEventType.Registered) Info = Info with { Id = message.Registered!.AgentId };
                _events.Enqueue(message);
                _answered.TrySetResult(message);
                await HandleAsync(message);
            }

            _answered.TrySetException(new IOException("the stream has ended without an event"));
        }
    }

    private async Task HandleAsync(AgentEvent message)
    {
        switch (message.Type)
        {
            case AgentEventType.Registered:
                // An acknowledgement may have been lost with the former connection.
                await RepeatAsync();
                break;
            case AgentEventType.Resend:
                await RepeatAsync();
                break;
            case AgentEventType.Ping when AnswersPings:
                await CallAsync(new AgentCall { Type = AgentCallType.Pong });
                break;
            case AgentEventType.Run:
                foreach (var info in message.Run!.Tasks) await RunAsync(message.Run.Framework, info);
                break;
            case AgentEventType.Kill when _tasks.TryGetValue((message.Kill!.FrameworkId, message.Kill.TaskId), out var task):
                await ReportAsync((message.Kill.FrameworkId, message.Kill.TaskId), task, TaskState.Killed, null);
                break;
            case AgentEventType.KillFramework:
                foreach (var (key, killed) in _tasks.Where(entry => entry.Key.Item1 == message.KillFramework))
                {
                    await ReportAsync(key, killed, TaskState.Killed, null);
                }

                break;
            case AgentEventType.Acknowledge:
                await AcknowledgedAsync((message.Acknowledge!.FrameworkId, message.Acknowledge.TaskId), message.Acknowledge.Uuid);
                break;
        }
    }

    private async Task RunAsync(FrameworkInfo framework, TaskInfo info)
    {
        var key = (framework.Id!.Value, info.TaskId);
        var task = new SimulatedTask(framework, info);
        if (!_tasks.TryAdd(key, task)) throw new InvalidOperationException($"task {info.TaskId.Value} runs already");
        if (_onRun(info) is { } state) await ReportAsync(key, task, state, null);
    }

    private async Task ReportAsync((FrameworkId, TaskId) key, SimulatedTask task, TaskState state, string? message)
    {
        lock (task)
        {
            if (task.Latest.State.IsTerminal()) return;
            task.Latest = new TaskStatusInfo
            {
                TaskId = task.Info.TaskId,
                State = state,
                Message = message,
                Source = StatusSource.Executor,
                Uuid = Guid.NewGuid().ToByteArray(),
                Timestamp = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0,
            };
            task.Pending.Enqueue(task.Latest);
            if (task.Pending.Count > 1) return;
        }

        await SendOldestAsync(key, task);
    }

    private async Task SendOldestAsync((FrameworkId Framework, TaskId) key, SimulatedTask task)
    {
        TaskStatusInfo? oldest;
        TaskState latest;
        lock (task)
        {
            task.Pending.TryPeek(out oldest);
            latest = task.Latest.State;
        }

        if (oldest is null) return;
        await CallAsync(new AgentCall
        {
            Type = AgentCallType.Update,
            Update = new StatusUpdateCall(key.Framework, oldest, latest)
        });
    }

    private async Task AcknowledgedAsync((FrameworkId, TaskId) key, byte[] uuid)
    {
        if (!_tasks.TryGetValue(key, out var task)) return;
        lock (task)
        {
            if (!task.Pending.TryPeek(out var oldest) || !oldest.Uuid.AsSpan().SequenceEqual(uuid)) return;
            task.Pending.Dequeue();
            if (task.Pending.Count == 0 && oldest.State.IsTerminal()) _tasks.TryRemove(key, out _);
        }

        await SendOldestAsync(key, task);
    }
}

/// <summary>A task that nobody runs.</summary>
public sealed class SimulatedTask(FrameworkInfo framework, TaskInfo info)
{
    /// <summary>Whose it is.</summary>
    public FrameworkInfo Framework { get; } = framework;

    /// <summary>What it is.</summary>
    public TaskInfo Info { get; } = info;

    /// <summary>Its newest status.</summary>
    public TaskStatusInfo Latest { get; set; } = new() { TaskId = info.TaskId, State = TaskState.Staging };

    /// <summary>Statuses that are not acknowledged, oldest first.</summary>
    public Queue<TaskStatusInfo> Pending { get; } = new();
}
