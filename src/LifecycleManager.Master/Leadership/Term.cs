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
internal sealed record TermParts(
    MasterOptions Options, IAllocator Allocator, MasterMetrics Metrics, RoleHealth Health, TimeProvider Time, ILogger Log);

/// <summary>One term of leadership: its loops, its state, its fenced registry.</summary>
internal sealed class Term : IAsyncDisposable
{
    private const string LoopName = "the master's loop";
    private const string RegistryName = "the master's registry";

    private readonly TermParts _parts;
    private readonly IStateStore _store;
    private readonly CancellationTokenSource _ending;
    private readonly LoopReport _loopReport;
    private readonly LoopReport _registryReport;
    private readonly ClusterLoop _loop;
    private readonly RegistryWriter _registry;
    private readonly IDisposable _watch;

    /// <param name="parts">What terms are made of.</param>
    /// <param name="store">The store.</param>
    /// <param name="fence">The leadership's.</param>
    /// <param name="cancellation">The lead is lost, or given up.</param>
    public Term(TermParts parts, IStateStore store, Fence fence, CancellationToken cancellation)
    {
        (_parts, _store) = (parts, store);
        _ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Ended = _ending.Token;
        _loopReport = parts.Health.Loop(LoopName);
        _registryReport = parts.Health.Loop(RegistryName);
        var changes = new ChangeMark();
        _loop = new ClusterLoop(parts.Time, _loopReport, changes);
        _registry = new RegistryWriter(store, fence, parts.Time, _loop.PostAsync, _registryReport, parts.Log);
        _watch = parts.Health.Watch(() => _registry.Problem);
        Core = new MasterCore(
            Guid.NewGuid().ToString(), parts.Options, parts.Time, _loop, changes, _registry, parts.Allocator, parts.Metrics, parts.Log);
        ElectedAt = parts.Time.GetUtcNow();
    }

    /// <summary>Only to be touched on the loop: through <see cref="AskAsync"/> and <see cref="PostAsync"/>.</summary>
    public MasterCore Core { get; }

    public DateTimeOffset ElectedAt { get; }

    public CancellationToken Ended { get; }

    public bool HasEnded => Ended.IsCancellationRequested;

    /// <summary>For people: <c>leading</c>.</summary>
    public static string State => "leading";

    /// <summary>Reads what is stored.</summary>
    public async Task RecoverAsync()
    {
        var records = await RegistryReader.ReadAsync(_store, Ended);
        Core.Recover(records.Agents, records.Frameworks, records.Roles, records.Schedule);
    }

    /// <summary>Works until the lead is lost, or a loop has ended.</summary>
    public async Task RunAsync()
    {
        try
        {
            await LoopGroup.RunAsync(
                _parts.Health, Ended, new NamedLoop(LoopName, _loop.RunAsync), new NamedLoop(RegistryName, _registry.RunAsync));
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
}
