using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Ownership;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Tables;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Manager.Tests.Fakes;

/// <summary>A manager as it is hosted, on a port of its own; only the metrics come from the test, where it has some.</summary>
internal sealed class ManagerUnderTest : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ManagerUnderTest(WebApplication app, HttpClient client)
    {
        _app = app;
        Client = client;
    }

    public HttpClient Client { get; }

    public ManagerState State => _app.Services.GetRequiredService<ManagerState>();

    public IReadOnlyList<Microsoft.AspNetCore.Http.Endpoint> Endpoints =>
        _app.Services.GetRequiredService<Microsoft.AspNetCore.Routing.EndpointDataSource>().Endpoints;

    public RecordTables Tables => _app.Services.GetRequiredService<RecordTables>();

    public RoleHealth Health => _app.Services.GetRequiredService<RoleHealth>();

    public static async Task<ManagerUnderTest> StartAsync(
        Uri scheduler, StateBackend backend, FakeMetrics? metrics, string rules, Func<ManagerOptions, ManagerOptions>? configure =
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
        if (metrics is not null)
        {
            builder.Services.AddSingleton(provider => new EvaluationSources(
                metrics, metrics.Demand, () => provider.GetRequiredService<PolicyDirectory>().Current)
            {
                Arrivals = metrics.Arrivals,
                Ends = new PolicyEnds(provider.GetRequiredService<PolicyDirectory>()),
                Startup = _ => new StartupTime(TimeSpan.FromSeconds(25), StartupSource.Learnt, 12),
            });
        }

        var app = builder.Build();
        app.UseRouting();
        app.MapManager();
        app.UseEndpoints(_ => { });
        await app.StartAsync();
        return new ManagerUnderTest(app,
            new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = address });
    }

    public static Task<StateBackend> BackendAsync() =>
        StateBackend.OpenAsync("memory:", null, TimeProvider.System, NullLoggerFactory.Instance, default);

    public async Task<JsonElement> GetAsync(string path, HttpStatusCode status = HttpStatusCode.OK)
    {
        var answer = await Client.GetAsync(path);
        Assert.Equal(status, answer.StatusCode);
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    public Task LeadsAsync() => Eventually.TrueAsync(() => State.Term is not null);

    /// <summary>Whom it names as the leader in place of itself; null where it leads.</summary>
    public async Task<string?> LeaderNameAsync()
    {
        using var answer = await Client.GetAsync("/v1/decisions");
        return answer.Headers.TryGetValues("Lcm-Leader", out var values) ? values.First() : null;
    }

    public async Task<HttpResponseMessage> PostAsync(string path, string json)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json"),
        };

        // Who refuses a long body at once closes the connection while it is still sent.
        request.Headers.ExpectContinue = json.Length > 32 * 1024;
        return await Client.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
