using System.Text.Json;
using LifecycleManager.Master.Allocators;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Storage;
using LifecycleManager.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace LifecycleManager.Master.Tests.Simulation;

/// <summary>A master on a real port, on a store in memory that a second one may share by name.</summary>
internal sealed class MasterUnderTest : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly StateBackend _backend;
    private readonly SocketsHttpHandler _handler = new() { PooledConnectionLifetime = TimeSpan.FromMinutes(5) };

    private MasterUnderTest(WebApplication app, StateBackend backend, MasterOptions options)
    {
        _app = app;
        _backend = backend;
        Options = options;
        Client = new HttpClient(_handler) { BaseAddress = options.Address, Timeout = Timeout.InfiniteTimeSpan };
    }

    public MasterOptions Options { get; }

    public HttpClient Client { get; }

    public IStateStore Store => _backend.Store;

    public static async Task<MasterUnderTest> StartAsync(MasterOptions? options = null, TimeProvider? time = null,
        string? store = null, FaultyBackend? faults = null, Func<ILeaderElection, ILeaderElection>? election = null)
    {
        options = (options ?? new MasterOptions()) with { Address = new Uri($"http://127.0.0.1:{Server.FreePort()}") };
        time ??= TimeProvider.System;
        var backend = await StateBackend.OpenAsync(
            "memory:" + (store ?? Guid.NewGuid().ToString("N")), null, time, NullLoggerFactory.Instance, CancellationToken.None);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(options.Address.ToString());
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(new RoleHealth(time));
        builder.Services.AddSingleton(Metrics.NewCustomRegistry());
        builder.Services.AddSingleton(faults?.Wrap(backend.Store) ?? backend.Store);
        builder.Services.AddSingleton(faults?.Wrap(backend.Election) ?? election?.Invoke(backend.Election) ?? backend.Election);
        if (faults is not null)
        {
            builder.Services.AddSingleton<IAllocator>(faults);
            options = options with { Allocator = "faulty" };
        }

        builder.Services.AddMaster(options);
        var app = builder.Build();
        app.MapMaster();
        await app.StartAsync();
        var master = new MasterUnderTest(app, backend, options);
        if (store is null) await master.LeadsAsync();
        return master;
    }

    public async Task LeadsAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (_app.Services.GetRequiredService<Master.Leadership.MasterService>().Current is null)
            await Task.Delay(10, limit.Token);
    }

    public SimulatedAgent Agent(double cpus = 4, double mem = 1024, string host = "127.0.0.2",
        Func<TaskInfo, TaskState?>? onRun = null) =>
        new(Client, Info(cpus, mem, host), onRun);

    public static AgentInfo Info(double cpus, double mem, string host = "127.0.0.2") => new()
    {
        Hostname = host,
        Port = 5051,
        Resources = [Resource.OfScalar("cpus", cpus), Resource.OfScalar("mem", mem),
            Resource.OfRanges("ports", new ValueRange(31000, 32000))],
        Attributes = [new AgentAttribute { Name = "rack", Type = ResourceType.Text, Text = new Text("r1") }],
    };

    public async Task<SimulatedAgent> RegisteredAgentAsync(
        double cpus = 4, double mem = 1024, string host = "127.0.0.2", Func<TaskInfo, TaskState?>? onRun = null)
    {
        var agent = Agent(cpus, mem, host, onRun);
        await agent.RegisterAsync();
        return agent;
    }

    public Task<TestFramework> FrameworkAsync(FrameworkInfo? info = null) =>
        new TestFramework(Client, info ?? TestFramework.PartitionAware("test")).SubscribeAsync();

    public async Task<JsonElement> GetAsync(string path)
    {
        using var answer = await Client.GetAsync(path);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {(int)answer.StatusCode} {text}");
        return JsonDocument.Parse(text).RootElement.Clone();
    }

    public async Task<HttpResponseMessage> TryOperateAsync(string call)
    {
        using var content = new StringContent(call, System.Text.Encoding.UTF8, "application/json");
        return await Client.PostAsync("/api/v1", content);
    }

    public async Task<JsonElement> OperateAsync(string call)
    {
        using var answer = await TryOperateAsync(call);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{call}: {(int)answer.StatusCode} {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement.Clone();
    }

    /// <summary>Runs something on the master's loop.</summary>
    public Task<T> AskAsync<T>(Func<Master.Cluster.MasterCore, T> function) =>
        _app.Services.GetRequiredService<Master.Leadership.MasterService>().Current!.AskAsync(function);

    /// <summary>Hands the master's loop something that nobody waits for.</summary>
    public ValueTask PostAsync(Action<Master.Cluster.MasterCore> action) =>
        _app.Services.GetRequiredService<Master.Leadership.MasterService>().Current!.PostAsync(action);

    /// <summary>The term's id; null while the master does not lead.</summary>
    public async Task<string?> TermAsync()
    {
        try
        {
            return _app.Services.GetRequiredService<Master.Leadership.MasterService>().Current is { } term
                ? await term.AskAsync(core => core.MasterId) : null;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>What <c>/health</c> says.</summary>
    public async Task<(int Status, string Text)> HealthAsync()
    {
        using var answer = await Client.GetAsync("/health");
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    public Task VerifyAsync() => AskAsync(core =>
    {
        core.Verify();
        return true;
    });

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await _app.StopAsync(limit.Token);
        await _app.DisposeAsync();
        await _backend.DisposeAsync();
        Client.Dispose();
        _handler.Dispose();
    }
}
