using System.Text.Json;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Scheduler.Api;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Scheduler.Events;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace LifecycleManager.Scheduler.Tests.Fakes;

/// <summary>
/// A whole scheduler over a store in memory; it can be stopped like a crash and started anew on what it had stored.
/// </summary>
internal sealed class TestScheduler : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly StateBackend? _own;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;

    private TestScheduler(SchedulerOptions options, StateBackend backend, IStateStore? store, bool owns, TimeProvider time)
    {
        _own = owns ? backend : null;
        Registry = Metrics.NewCustomRegistry();
        Health = new RoleHealth(time);
        Service = new SchedulerService(
            options, store ?? backend.Store, backend.Election, time, NullLoggerFactory.Instance, Registry, Health);
        _running = Service.RunAsync(_stopping.Token);
    }

    public SchedulerService Service { get; }

    public CollectorRegistry Registry { get; }

    public RoleHealth Health { get; }

    public SchedulerSnapshot Snapshot => Service.Snapshot;

    public static Task<StateBackend> StateAsync() => StateBackend.OpenAsync(
        "memory:", null, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);

    public static Task<TestScheduler> StartAsync(FakeMaster master, StateBackend? state = null,
        Func<IStateStore, IStateStore>? wrap = null) =>
        StartAsync(new SchedulerOptions { Masters = [master.Address], KillRetry = TimeSpan.FromMilliseconds(500) }, state, wrap);

    public static async Task<TestScheduler> StartAsync(
        SchedulerOptions options, StateBackend? state = null, Func<IStateStore, IStateStore>? wrap = null,
        TimeProvider? time = null)
    {
        var backend = state ?? await StateAsync();
        var scheduler = new TestScheduler(options, backend, wrap?.Invoke(backend.Store), owns: state is null,
            time ?? TimeProvider.System);
        await scheduler.UntilAsync(snapshot => snapshot.Leader.IsLeading, "it leads");
        return scheduler;
    }

    /// <summary>An app of shell commands, made like the API makes them.</summary>
    public static AppDefinition App(string id, int instances = 1, Func<App, App>? change = null)
    {
        var wire = new App
        {
            Id = id,
            Cmd = "sleep 1000",
            Instances = instances,
            Cpus = 0.1,
            Mem = 32,
            BackoffSeconds = 0.1,
            UpgradeStrategy = new UpgradeStrategy { MinimumHealthCapacity = 1, MaximumOverCapacity = 1 },
        };
        return AppDefinition.FromWire(change?.Invoke(wire) ?? wire);
    }

    public Task<DeploymentReceipt> PutAsync(AppDefinition app, bool force = false) =>
        Service.ChangeAsync(root => root.PutApp(app), new ChangeOptions(force), CancellationToken.None);

    public Task<DeploymentReceipt> RemoveAsync(string id, bool force = false) =>
        Service.ChangeAsync(root => root.RemoveApp(new AppId(id)), new ChangeOptions(force), CancellationToken.None);

    public AppStatus? App(string id) => Snapshot.Apps.GetValueOrDefault(new AppId(id));

    public async Task UntilAsync(Func<SchedulerSnapshot, bool> condition, string what)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!condition(Snapshot))
        {
            if (_running.IsFaulted) await _running;
            Assert.False(TimeProvider.System.GetElapsedTime(start) > Patience, $"in vain waited until {what}: {Describe()}");
            await Task.Delay(5);
        }
    }

    /// <summary>Waits until so many instances run and no deployment is left.</summary>
    public Task SettledAsync(string id, int running) => UntilAsync(
        snapshot => snapshot.Deployments.Count == 0 && (snapshot.Apps.GetValueOrDefault(new AppId(id)) is { } app
            ? app.Running == running && app.Instances.Count == running
            : running == 0),
        $"{id} has {running} running instances and no deployment");

    /// <summary>The events from now on, until disposed of with the scheduler.</summary>
    public RecordedEvents Record() => new(Service.Subscribe(null, full: false, "test"), _stopping.Token);

    /// <summary>Stops it at once, wherever it is; what it stored stays.</summary>
    public async Task CrashAsync()
    {
        await _stopping.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await CrashAsync();
        Service.Dispose();
        if (_own is not null) await _own.DisposeAsync();
        _stopping.Dispose();
    }

    private string Describe() => string.Join("; ", Snapshot.Apps.Values.Select(app =>
        $"{app.Definition.Id.Path}: {app.Running} running of [{string.Join(", ", app.Instances.Select(instance => $"{instance.State}/{instance.Goal}/{instance.Healthy}"))}]"))
        + $" deployments {string.Join(", ", Snapshot.Deployments.Select(deployment => $"{deployment.Id} step {deployment.CurrentStep}"))}"
        + $" queue {string.Join(", ", Snapshot.Queue.Select(item => $"{item.Definition.Id.Path} {item.Count} [{string.Join(" | ", item.LastRefused.Select(refused => refused.Message))}]"))}"
        + $" connected {Snapshot.Framework.Connected}";
}

internal sealed class RecordedEvents
{
    private readonly List<(string Type, JsonElement Body)> _events = [];

    public RecordedEvents(EventSubscription events, CancellationToken stopping) => _ = ReadAsync(events, stopping);

    public IReadOnlyList<(string Type, JsonElement Body)> All
    {
        get
        {
            lock (_events) return [.. _events];
        }
    }

    public IEnumerable<JsonElement> Of(string type) => All.Where(@event => @event.Type == type).Select(@event => @event.Body);

    private async Task ReadAsync(EventSubscription events, CancellationToken stopping)
    {
        using var subscription = events;
        while (true)
        {
            while (events.TryRead(out var waiting))
            {
                using var body = JsonDocument.Parse(waiting.Message.Json);
                lock (_events) _events.Add((waiting.Message.EventType, body.RootElement.Clone()));
                events.Release();
            }

            await events.WaitAsync(stopping);
        }
    }
}
