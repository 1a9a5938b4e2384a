using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Scheduler.Api;
using LifecycleManager.Storage;
using LifecycleManager.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace LifecycleManager.Scheduler.Tests.Fakes;

/// <summary>
/// A scheduler on a free port, over a store in memory and without a master: apps are taken, and wait.
/// </summary>
internal sealed class SchedulerUnderTest : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly StateBackend _backend;

    private SchedulerUnderTest(WebApplication app, StateBackend backend, Uri url)
    {
        (_app, _backend, Url) = (app, backend, url);
        Client = new HttpClient { BaseAddress = url };
    }

    public Uri Url { get; }

    public HttpClient Client { get; }

    public ServingApps Serving => _app.Services.GetRequiredService<ServingApps>();

    public SchedulerService Service => _app.Services.GetRequiredService<SchedulerService>();

    /// <summary>What is served, by pattern, with its operations.</summary>
    public IReadOnlyList<(string Pattern, OperationTable? Table)> Routes =>
    [
        .. _app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(endpoint => (endpoint.RoutePattern.RawText ?? "", endpoint.Metadata.GetMetadata<OperationTable>())),
    ];

    public IReadOnlyList<ApiOperation> Operations => [.. Routes.SelectMany(route => route.Table?.Operations ?? [])];

    public static async Task<SchedulerUnderTest> StartAsync(
        string store = "memory:", bool leading = true, Uri? master = null, Func<SchedulerOptions, SchedulerOptions>? change =
            null,
        Func<IStateStore, IStateStore>? wrap = null, TimeProvider? time = null,
        Action<WebApplication>? before = null)
    {
        var url = new Uri($"http://127.0.0.1:{Server.FreePort()}");
        var options = new SchedulerOptions
        {
            Address = url,
            Masters = [master ?? new Uri($"http://127.0.0.1:{Server.FreePort()}")]
        };
        var backend = await StateBackend.OpenAsync(store, null, TimeProvider.System, NullLoggerFactory.Instance, default);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url.ToString());
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddSingleton(wrap?.Invoke(backend.Store) ?? backend.Store);
        builder.Services.AddSingleton(backend.Election);
        builder.Services.AddSingleton(Metrics.NewCustomRegistry());
        builder.Services.AddSingleton<RoleHealth>();
        builder.Services.AddSingleton<RoleFailure>();
        builder.Services.AddScheduler(change is null ? options : change(options));
        var app = builder.Build();
        before?.Invoke(app);
        app.MapScheduler();
        await app.StartAsync();
        var scheduler = new SchedulerUnderTest(app, backend, url);
        if (leading) await UntilAsync(() => scheduler.Service.Snapshot.Leader.IsLeading);
        return scheduler;
    }

    /// <summary>Waits for something to become so.</summary>
    public static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    /// <summary>Waits for something to become so.</summary>
    public static Task UntilAsync(Func<Task<bool>> condition) => Eventually.TrueAsync(condition, "what is waited for");

    public Task<ApiReply> GetAsync(string path, params (string Name, string Value)[] headers) =>
        SendAsync("GET", path, null, headers);

    public Task<ApiReply> PostAsync(string path, string? body = null) => SendAsync("POST", path, body);

    public Task<ApiReply> PutAsync(string path, string body) => SendAsync("PUT", path, body);

    public Task<ApiReply> PatchAsync(string path, string body) => SendAsync("PATCH", path, body);

    public Task<ApiReply> DeleteAsync(string path) => SendAsync("DELETE", path, null);

    public async Task<ApiReply> SendAsync(string method, string path, string? body, params (string Name, string Value)[] headers)
    {
        using var message = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null) message.Content = new StringContent(body, Encoding.UTF8, "application/json");

        // Who refuses a long body at once closes the connection while it is still sent.
        if (body is { Length: > 512 * 1024 }) message.Headers.ExpectContinue = true;
        foreach (var (name, value) in headers) message.Headers.TryAddWithoutValidation(name, value);
        using var answer = await Client.SendAsync(message);
        return new ApiReply(
            answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(),
            answer.Headers.Concat(answer.Content.Headers).ToDictionary(
                header => header.Key, header => string.Join(',', header.Value), StringComparer.OrdinalIgnoreCase));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _backend.DisposeAsync();
    }
}

/// <summary>An answer.</summary>
internal sealed record ApiReply(HttpStatusCode Status, byte[] Bytes, IReadOnlyDictionary<string, string> Headers)
{
    public string Text => Encoding.UTF8.GetString(Bytes);

    public JsonNode Json => JsonNode.Parse(Bytes)!;

    /// <summary>The answer, where it has that status.</summary>
    public ApiReply Is(int status)
    {
        Assert.True((int)Status == status, $"{(int)Status} instead of {status}: {Text}");
        return this;
    }

    /// <summary>Whether an error names a path with words.</summary>
    public void Names(string path, string words)
    {
        var details = Json["details"]?.AsArray() ?? throw new InvalidOperationException(Text);
        Assert.True(
            details.Any(detail => (string?)detail!["path"] == path
                && detail["errors"]!.AsArray().Any(error => ((string)error!)
                    .Contains(words, StringComparison.OrdinalIgnoreCase))),
            $"no '{words}' at {path}: {Text}");
    }
}
