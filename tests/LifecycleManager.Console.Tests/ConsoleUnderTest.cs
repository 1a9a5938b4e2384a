using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Protocol.Marathon;
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

    private ConsoleUnderTest(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Single());

    /// <summary>Answers by path; a path that is not there is answered by 404.</summary>
    public ConcurrentDictionary<string, string> Answers { get; } = new() { ["/v2/pods::status"] = "[]" };

    /// <summary>The changes that were asked for: method, path and query, body.</summary>
    public ConcurrentQueue<(string Method, string Path, string Body)> Changes { get; } = new();

    /// <summary>How changes are answered.</summary>
    public (HttpStatusCode Status, string Body) ChangeAnswer { get; set; } = (HttpStatusCode.OK, "{}");

    public static async Task<ConsoleUnderTest> StartAsync(bool manager = true)
    {
        var self = new Uri($"http://127.0.0.1:{Server.FreePort()}");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        ConsoleUnderTest? console = null;
        builder.WebHost.UseUrls(self.ToString());
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddConsole(new ConsoleOptions
        {
            Scheduler = self,
            Masters = new AddressList(self),
            Manager = manager ? self : null,
        });
        var app = builder.Build();
        app.MapConsole();
        app.MapFallback(async (HttpContext context) => await console!.AnswerAsync(context));
        console = new ConsoleUnderTest(app);
        await app.StartAsync();
        return console;
    }

    public void Show(params App[] apps)
    {
        Answers["/v2/apps"] = new JsonObject { ["apps"] = new JsonArray([.. apps.Select(Json)]) }.ToJsonString();
        foreach (var app in apps) Answers["/v2/apps" + app.Id] = new JsonObject { ["app"] = Json(app) }.ToJsonString();
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
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static JsonNode Json(App app) => System.Text.Json.JsonSerializer.SerializeToNode(app, MarathonJson.Default.App)!;

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (context.Request.Method != "GET")
        {
            using var reader = new StreamReader(context.Request.Body);
            Changes.Enqueue((context.Request.Method, path + context.Request.QueryString, await reader.ReadToEndAsync()));
            context.Response.StatusCode = (int)ChangeAnswer.Status;
            await context.Response.WriteAsync(ChangeAnswer.Body);
        }
        else if (Answers.TryGetValue(path, out var answer))
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(answer);
        }
        else
        {
            context.Response.StatusCode = 404;
        }
    }
}
