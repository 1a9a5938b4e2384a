using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Metrics.Tests.Fakes;

/// <summary>A small HTTP server on a free port of the loopback interface; what it answers can change while it runs.</summary>
internal sealed class HttpServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<string> _requests = new();

    private HttpServer(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Single());

    public int Port => Url.Port;

    /// <summary>Path and query of every request.</summary>
    public IReadOnlyCollection<string> Requests => _requests;

    /// <summary>Answers everything.</summary>
    public Func<HttpContext, Task> Handler { get; set; } = context =>
    {
        context.Response.StatusCode = 404;
        return Task.CompletedTask;
    };

    public static async Task<HttpServer> StartAsync(Func<HttpContext, Task>? handler = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(100));
        var app = builder.Build();
        var server = new HttpServer(app);
        if (handler is not null) server.Handler = handler;
        app.Run(context =>
        {
            server._requests.Enqueue(context.Request.Path + context.Request.QueryString);
            return server.Handler(context);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    /// <summary>Bodies by path; anything else is 404.</summary>
    public static Task<HttpServer> StartAsync(string type, Dictionary<string, string> bodies) => StartAsync(async context =>
    {
        if (!bodies.TryGetValue(context.Request.Path + context.Request.QueryString, out var body))
        {
            context.Response.StatusCode = 404;
            return;
        }

        context.Response.ContentType = type;
        await context.Response.WriteAsync(body);
    });

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }
}
