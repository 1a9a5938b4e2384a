using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Tests.Fakes;

/// <summary>A master that speaks the real protocol over real HTTP and does what a test tells it to.</summary>
public sealed class FakeMaster : IAsyncDisposable
{
    /// <summary>For a machine that does much else.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly JsonSerializerOptions Strict = new(AgentJson.Default.Options)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    private readonly List<AgentCall> _calls = [];
    private readonly List<TaskStatusInfo> _updates = [];
    private readonly HashSet<string> _acknowledged = [];
    private WebApplication? _app;
    private Channel<AgentEvent>? _stream;
    private string _streamId = "";
    private int _streams;

    public int Port { get; private set; }

    public Uri Address => new($"http://127.0.0.1:{Port}");

    /// <summary>Whether each update is acknowledged as it comes.</summary>
    public bool Acknowledges { get; set; } = true;

    /// <summary>Where the leader is, when it is not this one.</summary>
    public string? Leader { get; set; }

    /// <summary>The id that is given to agents without one.</summary>
    public string NextAgentId { get; set; } = "agent-" + Guid.NewGuid().ToString("N")[..8];

    /// <summary>The header that each call must have; null for none.</summary>
    public string? Authorization { get; set; }

    /// <summary>What each update waits for before the master takes it; null for nothing.</summary>
    public Task? HoldsUpdates { get; set; }

    public double PingSeconds { get; set; } = 15;

    public FrameworkInfo Framework { get; set; } = new()
    {
        User = "",
        Name = "tests",
        Id = new FrameworkId("framework-1"),
        Checkpoint = true,
        Capabilities = [new(FrameworkCapability.PartitionAware), new(FrameworkCapability.TaskKillingState)],
    };

    public static async Task<FakeMaster> StartAsync()
    {
        var master = new FakeMaster();
        await master.ListenAsync();
        return master;
    }

    public async Task ListenAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, Port));
        builder.Services.AddRouting();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(100));
        _app = builder.Build();
        _app.UseRouting();
        _app.MapPost("/api/v1/agent", HandleAsync);
        await _app.StartAsync();
        Port = new Uri(_app.Urls.First()).Port;
    }

    /// <summary>Dies; the port stays its own.</summary>
    public async Task StopAsync()
    {
        if (_app is null) return;
        _stream?.Writer.TryComplete();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _app = null;
    }

    /// <summary>Ends the agent's stream.</summary>
    public void Hangup() => _stream?.Writer.TryComplete();

    public void Send(AgentEvent message) => _stream!.Writer.TryWrite(message);

    public void Launch(params TaskInfo[] tasks) =>
        Send(new AgentEvent { Type = AgentEventType.Run, Run = new RunEvent(Framework, tasks) });

    public void LaunchGroup(params TaskInfo[] tasks) =>
        Send(new AgentEvent { Type = AgentEventType.Run, Run = new RunEvent(Framework, tasks, Group: true) });

    public void Kill(string task, TimeSpan? grace = null) => Send(new AgentEvent
    {
        Type = AgentEventType.Kill,
        Kill = new KillEvent(Framework.Id!.Value, new TaskId(task), grace is { } period
            ? new KillPolicy { GracePeriod = DurationInfo.From(period) } : null),
    });

    public void Acknowledge(TaskStatusInfo status) => Send(new AgentEvent
    {
        Type = AgentEventType.Acknowledge,
        Acknowledge = new AcknowledgeEvent(Framework.Id!.Value, status.TaskId, status.Uuid!),
    });

    /// <summary>All calls of a type, in order.</summary>
    public IReadOnlyList<AgentCall> Calls(AgentCallType type)
    {
        lock (_calls) return [.. _calls.Where(call => call.Type == type)];
    }

    /// <summary>The distinct updates of a task in the order of their first coming.</summary>
    public IReadOnlyList<TaskStatusInfo> Updates(string task)
    {
        lock (_calls) return [.. _updates.Where(update => update.TaskId.Value == task)];
    }

    public IReadOnlyList<TaskState> States(string task) => [.. Updates(task).Select(update => update.State)];

    public Task<RegisterCall> RegistrationAsync(int number = 1) =>
        Wait.ForAsync(() => Calls(AgentCallType.Register).ElementAtOrDefault(number - 1)?.Register, $"registration {number}");

    /// <summary>Waits for a task's update.</summary>
    public async Task<TaskStatusInfo> UpdateAsync(string task, TaskState state, Func<TaskStatusInfo, bool>? also = null)
    {
        return await Wait.ForAsync(
            () =>
            {
                var updates = Updates(task);
                var found = updates.FirstOrDefault(update => update.State == state && also?.Invoke(update) != false);
                if (found is null && updates is [.., var last] && last.State.IsTerminal() && last.State != state)
                    Assert.Fail($"{task} is {last.State} ({last.Reason}) rather than {state}: {last.Message}");
                return found;
            },
            () => $"{task} to be {state}; it was {string.Join(", ", Updates(task).Select(update => $"{update.State}({update.Message})"))}",
            Patience);
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task HandleAsync(HttpContext context)
    {
        if (Authorization is { } expected && context.Request.Headers.Authorization != expected)
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        var call = (await JsonSerializer.DeserializeAsync<AgentCall>(context.Request.Body, Strict, context.RequestAborted))!;
        if (Leader is { } leader)
        {
            context.Response.StatusCode = StatusCodes.Status307TemporaryRedirect;
            context.Response.Headers.Location = leader;
            return;
        }

        if (call.Type == AgentCallType.Register)
        {
            await StreamAsync(context, call);
            return;
        }

        if (context.Request.Headers["Mesos-Stream-Id"] != _streamId || call.AgentId is null)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        if (call.Update is not null && HoldsUpdates is { } hold) await hold.WaitAsync(context.RequestAborted);
        lock (_calls)
        {
            _calls.Add(call);
            if (call.Update is { } update && (update.Status.Uuid is null
                || _acknowledged.Add(Convert.ToHexString(update.Status.Uuid))))
                _updates.Add(update.Status);
        }

        context.Response.StatusCode = StatusCodes.Status202Accepted;
        await context.Response.CompleteAsync();
        if (Acknowledges && call.Update is { Status: { Uuid: not null } status }) Acknowledge(status);
    }

    private async Task StreamAsync(HttpContext context, AgentCall call)
    {
        var stream = Channel.CreateUnbounded<AgentEvent>();
        var id = $"stream-{Interlocked.Increment(ref _streams)}";
        context.Response.ContentType = "application/json";
        context.Response.Headers["Mesos-Stream-Id"] = id;
        stream.Writer.TryWrite(new AgentEvent
        {
            Type = AgentEventType.Registered,
            Registered = new RegisteredEvent(call.Register!.AgentInfo.Id ?? new AgentId(NextAgentId), "master-1", PingSeconds),
        });
        (_streamId, _stream) = (id, stream);
        lock (_calls) _calls.Add(call);
        await foreach (var message in stream.Reader.ReadAllAsync(context.RequestAborted))
        {
            await context.Response.Body.WriteAsync(RecordIo.Encode(message, AgentJson.Default.AgentEvent),
                context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }
}

/// <summary>Waits by looking, with patience for a slow machine.</summary>
public static class Wait
{
    public static Task<T> ForAsync<T>(Func<T?> look, string what) where T : class =>
        ForAsync(look, () => what, FakeMaster.Patience);

    public static async Task<T> ForAsync<T>(Func<T?> look, Func<string> what, TimeSpan patience) where T : class
    {
        var until = DateTime.UtcNow + patience;
        while (true)
        {
            if (look() is { } found) return found;
            if (DateTime.UtcNow > until) Assert.Fail($"waited in vain for {what()}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    public static Task ForAsync(Func<bool> look, string what) => ForAsync(() => look() ? "" : null, what);
}
