using System.Runtime.ExceptionServices;
using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Registry;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Runtime.Loops;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Leadership;

/// <summary>What every term of a master is made of.</summary>
internal sealed record MasterTermServices(
    MasterOptions Options, IAllocator Allocator, MasterMetrics Metrics, RoleHealth Health, TimeProvider Time, ILogger Log);

/// <summary>One term of leadership: its loops, its state, its fenced registry.</summary>
internal sealed partial class MasterTerm : IAsyncDisposable
{
    private const string LoopName = "the master's loop";
    private const string RegistryName = "the master's registry";

    private readonly MasterTermServices _services;
    private readonly CancellationTokenSource _ending;
    private readonly SetAsideRecords _setAside;
    private readonly LoopReport _loopReport;
    private readonly LoopReport _registryReport;
    private readonly ClusterLoop _loop;
    private readonly RegistryWriter _registry;
    private readonly IDisposable _watch;

    /// <param name="services">What terms are made of.</param>
    /// <param name="store">The store.</param>
    /// <param name="records">What it has.</param>
    /// <param name="fence">The leadership's.</param>
    /// <param name="cancellation">The lead is lost, or given up.</param>
    private MasterTerm(MasterTermServices services, IStateStore store, RegistryRecords records, Fence fence,
        CancellationToken cancellation)
    {
        (_services, _setAside) = (services, records.SetAside);
        _ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Ended = _ending.Token;
        _loopReport = services.Health.Loop(LoopName);
        _registryReport = services.Health.Loop(RegistryName);
        var changes = new ChangeMark();
        _loop = new ClusterLoop(services.Time, _loopReport, changes);
        _registry = new RegistryWriter(store, fence, services.Time, _loop.PostAsync, _setAside, _registryReport, services.Log)
        {
            Metrics = services.Metrics.Registry,
        };
        _watch = services.Health.Watch(() => _registry.Problem);
        Core = new MasterCore(
            Guid.NewGuid().ToString(), services.Options, services.Time, _loop, changes, _registry, services.Allocator,
            services.Metrics, services.Log);
        ElectedAt = services.Time.GetUtcNow();
        Core.Recover(records.Agents, records.Frameworks, records.Roles, records.Schedule);
        foreach (var (key, problem) in _setAside.All) LogSetAside(services.Log, key, problem);
    }

    /// <summary>Only to be touched on the loop: through <see cref="AskAsync"/> and <see cref="PostAsync"/>.</summary>
    public MasterCore Core { get; }

    public DateTimeOffset ElectedAt { get; }

    public CancellationToken Ended { get; }

    public bool HasEnded => Ended.IsCancellationRequested;

    /// <summary>For people: <c>leading</c>.</summary>
    public string State =>
        string.Concat(_setAside.All.Select(record => $"; set aside: '{record.Key}' cannot be read: {record.Problem}")
            .Prepend("leading"));

    /// <summary>Reads what is stored, and takes it over.</summary>
    /// <inheritdoc cref="MasterTerm(MasterTermServices, IStateStore, RegistryRecords, Fence, CancellationToken)" path="/param"/>
    public static async Task<MasterTerm> BeginAsync(MasterTermServices services, IStateStore store, Fence fence,
        CancellationToken cancellation)
    {
        var began = services.Time.GetTimestamp();
        var records = await RegistryReader.ReadAsync(store, cancellation);
        services.Metrics.Registry.Read(records.Size, services.Time.GetElapsedTime(began));
        return new MasterTerm(services, store, records, fence, cancellation);
    }

    /// <summary>Works until the lead is lost, or a loop has ended.</summary>
    public async Task RunAsync()
    {
        try
        {
            await LoopGroup.RunAsync(
                _services.Health, Ended,
                new NamedLoop(LoopName, _loop.RunAsync) { Report = _loopReport },
                new NamedLoop(RegistryName, _registry.RunAsync) { Report = _registryReport });
        }
        catch (LoopEndedException e) when (e.InnerException is FencedException deposed)
        {
            ExceptionDispatchInfo.Throw(deposed);
        }
    }

    /// <summary>Runs a function on the state.</summary>
    /// <exception cref="OperationCanceledException">The term has ended.</exception>
    /// <exception cref="CallFailedException">The function threw; if it had changed anything before, the term ends.</exception>
    public Task<T> AskAsync<T>(Func<MasterCore, T> function) => _loop.AskAsync(() => function(Core));

    /// <summary>Runs an action on the state, unless the term has ended.</summary>
    public ValueTask PostAsync(Action<MasterCore> action) => _loop.PostAsync(() => action(Core));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _loop.Stop();

        // The loop has ended: the streams are ours alone now.
        Core.End();
        _watch.Dispose();
        _loopReport.Dispose();
        _registryReport.Dispose();
        _ending.Dispose();
    }

    [LoggerMessage(LogLevel.Error, "'{Key}' cannot be read and is set aside: {Problem}")]
    private static partial void LogSetAside(ILogger log, string key, string problem);
}
