using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using LifecycleManager.Protocol.Marathon;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Metrics.Tests.Fakes;

/// <summary>A scheduler that says what a test wants it to say, over real HTTP.</summary>
internal sealed class FakeScheduler : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<App> _apps = [];
    private readonly List<AppTask> _tasks = [];
    private readonly List<Channel<string>> _listeners = [];

    public required HttpServer Server { get; init; }

    /// <summary>Whether it answers 500.</summary>
    public bool Broken { get; set; }

    public int Listeners
    {
        get
        {
            lock (_lock) return _listeners.Count;
        }
    }

    public static async Task<FakeScheduler> StartAsync()
    {
        var scheduler = new FakeScheduler { Server = await HttpServer.StartAsync() };
        scheduler.Server.Handler = scheduler.Answer;
        return scheduler;
    }

    public FakeScheduler App(string id, Dictionary<string, string>? labels = null, bool checks = false)
    {
        AppHealthCheck[]? healthChecks = checks ? [new AppHealthCheck { Protocol = "HTTP" }] : null;
        lock (_lock) _apps.Add(new App { Id = id, Labels = labels, HealthChecks = healthChecks });
        return this;
    }

    public FakeScheduler Task(
        string app, string id, int port, string state = "TASK_RUNNING", bool? alive = null, DateTimeOffset? started = null,
        string host = "127.0.0.1", int? firstPort = null, DateTimeOffset? healthy = null)
    {
        var task = new AppTask
        {
            Id = id,
            AppId = app,
            Host = host,
            Ports = firstPort is { } first ? [first, port] : [port],
            State = state,
            StartedAt = (started ?? DateTimeOffset.UtcNow.AddHours(-1)).ToString("o", CultureInfo.InvariantCulture),
            HealthCheckResults = alive is { } verdict
                ? [new HealthCheckResult { Alive = verdict, FirstSuccess = healthy?.ToString("o", CultureInfo.InvariantCulture) }]
                : null,
        };
        lock (_lock)
        {
            _tasks.RemoveAll(other => other.Id == id);
            _tasks.Add(task);
        }

        return this;
    }

    public void RemoveTask(string id)
    {
        lock (_lock) _tasks.RemoveAll(task => task.Id == id);
    }

    /// <summary>Says on the event stream that a task changed.</summary>
    public void Announce()
    {
        lock (_lock)
        {
            foreach (var listener in _listeners)
                listener.Writer.TryWrite("event: status_update_event\ndata: {\"taskStatus\":\"TASK_RUNNING\"}\n\n");
        }
    }

    /// <summary>Ends all event streams.</summary>
    public void HangUp()
    {
        lock (_lock)
        {
            foreach (var listener in _listeners) listener.Writer.TryComplete();
            _listeners.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        HangUp();
        await Server.DisposeAsync();
    }

    private async Task Answer(HttpContext context)
    {
        if (Broken)
        {
            context.Response.StatusCode = 500;
            return;
        }

        context.Response.ContentType = "application/json";
        switch (context.Request.Path.Value)
        {
            case "/v2/apps":
                AppList apps;
                lock (_lock) apps = new AppList([.. _apps]);
                await context.Response.WriteAsync(JsonSerializer.Serialize(apps, MarathonJson.Default.AppList));
                break;
            case "/v2/tasks":
                TaskList tasks;
                lock (_lock) tasks = new TaskList([.. _tasks]);
                await context.Response.WriteAsync(JsonSerializer.Serialize(tasks, MarathonJson.Default.TaskList));
                break;
            case "/v2/events":
                await Stream(context);
                break;
            default:
                context.Response.StatusCode = 404;
                break;
        }
    }

    private async Task Stream(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        var channel = Channel.CreateUnbounded<string>();
        lock (_lock) _listeners.Add(channel);
        await context.Response.WriteAsync("event: event_stream_attached\r\ndata: {}\r\n\r\n");
        await context.Response.Body.FlushAsync();
        try
        {
            await foreach (var text in channel.Reader.ReadAllAsync(context.RequestAborted))
            {
                await context.Response.WriteAsync(text);
                await context.Response.Body.FlushAsync();
            }
        }
        catch (OperationCanceledException)
        {
        }
    }
}
