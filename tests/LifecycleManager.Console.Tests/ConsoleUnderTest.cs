using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Security;
using LifecycleManager.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Console.Tests;

/// <summary>
/// The console on a free port, over roles that answer what a test says. Scheduler and console share a port, as in production.
/// </summary>
internal sealed class ConsoleUnderTest : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<Channel<bool>, bool> _followers = [];

    private ConsoleUnderTest(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Single());

    /// <summary>Answers by path; a path that is not there is answered by 404.</summary>
    public ConcurrentDictionary<string, string> Answers { get; } = new()
    {
        ["/v2/pods::status"] = "[]",
        ["/v2/deployments"] = "[]",
        ["/v2/queue"] = """{"queue": []}""",
        ["/health"] = """{"status": "UP", "state": "leading", "reasons": [], "warnings": []}""",
    };

    /// <summary>The changes that were asked for: method, path and query, body.</summary>
    public ConcurrentQueue<(string Method, string Path, string Body)> Changes { get; } = new();

    /// <summary>How changes are answered.</summary>
    public (HttpStatusCode Status, string Body) ChangeAnswer { get; set; } = (HttpStatusCode.OK, "{}");

    /// <summary>How changes of some paths are answered.</summary>
    public ConcurrentDictionary<string, (HttpStatusCode Status, string Body)> ChangeAnswers { get; } = [];

    /// <summary>Answers in place of the roles where it says that it has; null for nobody.</summary>
    public Func<HttpContext, Task<bool>>? Agent { get; set; }

    /// <summary>The conditions of changes, by path.</summary>
    public ConcurrentDictionary<string, string> Conditions { get; } = [];

    /// <summary>Whether the roles answer that they cannot, whatever they are asked.</summary>
    public bool AreAway { get; set; }

    /// <summary>The words by which the console's calls said for whom they are, by path.</summary>
    public ConcurrentDictionary<string, string> Callers { get; } = [];

    /// <summary>What was asked for beside the path.</summary>
    public ConcurrentQueue<string> Queries { get; } = new();

    public static async Task<ConsoleUnderTest> StartAsync(bool manager = true, Principals? principals = null, int? port = null)
    {
        var self = new Uri($"http://127.0.0.1:{port ?? Server.FreePort()}");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        ConsoleUnderTest? console = null;
        builder.WebHost.UseUrls(self.ToString());
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddConsole(new ConsoleOptions
        {
            Scheduler = self,
            Masters = new AddressList(self),
            MasterCredential = new Credential("console", "c"),
            Manager = manager ? self : null,
        });
        var app = builder.Build();
        app.UseBrowserProtection(new AllowedHosts());
        app.UseRouting();
        if (principals is not null)
        {
            app.UseAccessControl(new AccessControl(
                principals, "marathon", Prometheus.Metrics.NewCustomRegistry(), TimeProvider.System));
        }

        app.MapConsole();
        app.Map("{**path}", async (HttpContext context) => await console!.AnswerAsync(context)).WithOrder(int.MaxValue)
            .AsksByApp(Permission.View);
        console = new ConsoleUnderTest(app);
        await app.StartAsync();
        return console;
    }

    public void Show(params App[] apps)
    {
        Answers["/v2/apps"] = new JsonObject { ["apps"] = new JsonArray([.. apps.Select(Json)]) }.ToJsonString();
        foreach (var app in apps) Answers["/v2/apps" + app.Id] = new JsonObject { ["app"] = Json(app) }.ToJsonString();
        Tell();
    }

    public async Task<string> GetAsync(string path)
    {
        using var client = new HttpClient { BaseAddress = Url };
        using var answer = await client.GetAsync(path);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode}\n{text}");
        return text;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var follower in _followers.Keys) follower.Writer.TryComplete();
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await _app.StopAsync(patience.Token);
        await _app.DisposeAsync();
    }

    /// <summary>The tag of an answer.</summary>
    public static string TagOf(string answer) => $"\"{answer.Length}-{answer.GetHashCode(StringComparison.Ordinal)}\"";

    private static JsonNode Json(App app) => System.Text.Json.JsonSerializer.SerializeToNode(app, MarathonJson.Default.App)!;

    /// <summary>Tells of a change, as the scheduler's events do.</summary>
    public void Tell()
    {
        foreach (var follower in _followers.Keys) follower.Writer.TryWrite(true);
    }

    private async Task FollowAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.Body.FlushAsync();
        var told = Channel.CreateBounded<bool>(1);
        _followers[told] = true;
        try
        {
            await foreach (var _ in told.Reader.ReadAllAsync(context.RequestAborted))
            {
                await context.Response.WriteAsync("event: status_update_event\ndata: {}\n\n");
                await context.Response.Body.FlushAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody follows any more.
        }
        finally
        {
            _followers.TryRemove(told, out _);
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (context.Items.Count > 0) AccessControl.ScopeOf(context);
        if (context.Request.QueryString.Value is { Length: > 0 } query) Queries.Enqueue(query);
        Callers[path] = context.Request.Headers.Authorization.ToString();
        if (Agent is { } agent && await agent(context)) return;
        if (path == "/v2/events" && !AreAway)
        {
            await FollowAsync(context);
            return;
        }

        if (AreAway)
        {
            context.Response.StatusCode = 503;
            await context.Response.WriteAsync("""{"message": "the state store refuses writes"}""");
            return;
        }

        if (context.Request.Method != "GET")
        {
            using var reader = new StreamReader(context.Request.Body);
            Changes.Enqueue((context.Request.Method, path + context.Request.QueryString, await reader.ReadToEndAsync()));
            Conditions[path] = context.Request.Headers.IfMatch.ToString();
            var (status, body) = ChangeAnswers.GetValueOrDefault(path, ChangeAnswer);
            context.Response.StatusCode = (int)status;
            await context.Response.WriteAsync(body);
        }
        else if (Answers.TryGetValue(path, out var answer))
        {
            context.Response.ContentType = "application/json";
            context.Response.Headers.ETag = TagOf(answer);
            await context.Response.WriteAsync(answer);
        }
        else
        {
            context.Response.StatusCode = 404;
        }
    }
}
