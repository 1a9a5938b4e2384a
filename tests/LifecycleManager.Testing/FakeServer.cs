using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LifecycleManager.Testing;

/// <summary>Any HTTP server: answers as the test says, and keeps what it was asked.</summary>
public sealed class FakeServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    /// <summary>Answers a request with a status and JSON.</summary>
    public Func<Request, (int Status, string Body)> Answer { get; set; } = _ => (404, "");

    public ConcurrentQueue<Request> Requests { get; } = new();

    public static async Task<FakeServer> StartAsync(Action<KestrelServerOptions>? listen = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(listen ?? (kestrel => kestrel.Listen(IPAddress.Loopback, 0)));
        var app = builder.Build();
        var fake = new FakeServer(app);
        app.Run(async http =>
        {
            var body = await new StreamReader(http.Request.Body).ReadToEndAsync();
            var request = new Request(
                http.Request.Method, http.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget, body,
                http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase));
            fake.Requests.Enqueue(request);
            var (status, text) = fake.Answer(request);
            http.Response.StatusCode = status;
            http.Response.ContentType = "application/json";
            await http.Response.WriteAsync(text);
        });
        await app.StartAsync();
        return fake;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    public sealed record Request(string Method, string Target, string Body, IReadOnlyDictionary<string, string> Headers)
    {
        public override string ToString() => $"{Method} {Target}";
    }
}
