using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Agent.Tests.Fakes;

/// <summary>A Docker engine that is up and can answer nothing.</summary>
public sealed class BrokenEngine : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _asked;

    private BrokenEngine(WebApplication app) => _app = app;

    /// <summary>How often it was asked for anything but whether it is there.</summary>
    public int Asked => Volatile.Read(ref _asked);

    public Uri Address => new(_app.Urls.First().Replace("http://", "tcp://", StringComparison.Ordinal));

    public static async Task<BrokenEngine> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
        var engine = new BrokenEngine(builder.Build());
        engine._app.Run(async context =>
        {
            if (!context.Request.Path.Value!.EndsWith("/_ping", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref engine._asked);
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            }

            await context.Response.WriteAsync("{\"message\":\"out of order\"}");
        });
        await engine._app.StartAsync();
        return engine;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
