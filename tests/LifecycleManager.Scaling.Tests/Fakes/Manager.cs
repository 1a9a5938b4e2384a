using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Scaling.Evaluation;
using LifecycleManager.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Scaling.Tests.Fakes;

/// <summary>A manager as it is hosted, on a port of its own; only the metrics come from the test.</summary>
internal sealed class Manager : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Manager(WebApplication app, HttpClient client)
    {
        _app = app;
        Client = client;
    }

    public HttpClient Client { get; }

    public ManagerState State => _app.Services.GetRequiredService<ManagerState>();

    public RoleHealth Health => _app.Services.GetRequiredService<RoleHealth>();

    public static async Task<Manager> StartAsync(
        Uri scheduler, StateBackend backend, FakeMetrics metrics, string rules, Func<ManagerOptions, ManagerOptions>? configure =
            null,
        IStateStore? store = null, ILoggerFactory? log = null)
    {
        var port = LifecycleManager.Testing.Server.FreePort();
        var address = new Uri($"http://127.0.0.1:{port}");
        var options = new ManagerOptions
        {
            Scheduler = scheduler,
            Address = address,
            RulesDirectory = rules,
            Tick = TimeSpan.FromMilliseconds(100),
        };
        options = configure?.Invoke(options) ?? options;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(Prometheus.Metrics.NewCustomRegistry());
        builder.Services.AddSingleton(store ?? backend.Store);
        if (log is not null) builder.Services.AddSingleton(log);
        builder.Services.AddSingleton(backend.Election);
        builder.Services.AddSingleton<RoleHealth>();
        builder.Services.AddSingleton<RoleFailure>();
        builder.Services.AddManager(options);
        builder.Services.AddSingleton(provider => new EvaluationSources(
            metrics, metrics.Demand, () => provider.GetRequiredService<PolicyDirectory>().Current));
        var app = builder.Build();
        app.UseRouting();
        app.MapManager();
        app.UseEndpoints(_ => { });
        await app.StartAsync();
        return new Manager(app, new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = address });
    }

    public static Task<StateBackend> BackendAsync() =>
        StateBackend.OpenAsync("memory:", null, TimeProvider.System, NullLoggerFactory.Instance, default);

    public async Task<JsonElement> GetAsync(string path, HttpStatusCode status = HttpStatusCode.OK)
    {
        var answer = await Client.GetAsync(path);
        Assert.Equal(status, answer.StatusCode);
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    public Task LeadsAsync() => Loop.Until(() => State.Term is not null, "it does not lead");

    public Task<HttpResponseMessage> PostAsync(string path, string json) =>
        Client.PostAsync(path, new StringContent(json, System.Text.Encoding.UTF8, "application/json"));

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
