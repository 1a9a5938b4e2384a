using System.Text.Json;
using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Registry;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Leadership;

/// <summary>One term of leadership: its loop, its state, its fenced registry.</summary>
internal sealed class Term : IAsyncDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private readonly ActorLoop _loop;
    private readonly IStateStore _store;
    private readonly StateRegistry _registry;
    private Task _writing = Task.CompletedTask;

    public Term(
        MasterOptions options, IStateStore store, Fence fence, IAllocator allocator, MasterMetrics metrics, TimeProvider time,
        ILoggerFactory loggers)
    {
        var log = loggers.CreateLogger("LifecycleManager.Master");
        _store = store;
        _loop = new ActorLoop(time, log);
        _registry = new StateRegistry(store, fence, time, _loop.PostAsync, Fail, log);
        Core = new MasterCore(Guid.NewGuid().ToString(), options, time, _loop, _registry, allocator, metrics, log);
        ElectedAt = time.GetUtcNow();
        Ended = _ended.Token;
    }

    /// <summary>Only to be touched on the loop: through <see cref="AskAsync"/> and <see cref="PostAsync"/>.</summary>
    public MasterCore Core { get; }

    public DateTimeOffset ElectedAt { get; }

    public CancellationToken Ended { get; }

    public bool HasEnded => Ended.IsCancellationRequested;

    /// <summary>Why the registry ended the term, or null.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Reads what is stored and starts.</summary>
    public async Task RecoverAsync(CancellationToken cancellation)
    {
        var agents = new List<AgentEntry>();
        await foreach (var entry in _store.ListAsync(MasterCore.AgentKeys, cancellation))
        {
            agents.Add(Read(entry, RegistryJson.Default.AgentEntry));
        }

        var frameworks = new List<FrameworkEntry>();
        await foreach (var entry in _store.ListAsync(MasterCore.FrameworkKeys, cancellation))
        {
            frameworks.Add(Read(entry, RegistryJson.Default.FrameworkEntry));
        }

        var roles = await ReadAsync(MasterCore.RolesKey, RegistryJson.Default.RolesEntry, cancellation);
        var schedule = await ReadAsync(MasterCore.MaintenanceKey, RegistryJson.Default.MaintenanceSchedule, cancellation);
        _writing = _registry.RunAsync(Ended);
        await AskAsync(core =>
        {
            core.Recover(agents, frameworks, roles, schedule);
            return true;
        });
    }

    /// <summary>Runs a function on the state.</summary>
    /// <exception cref="OperationCanceledException">The term has ended.</exception>
    public Task<T> AskAsync<T>(Func<MasterCore, T> function) => _loop.AskAsync(() => function(Core));

    /// <summary>Runs an action on the state, unless the term has ended.</summary>
    public ValueTask PostAsync(Action<MasterCore> action) => _loop.PostAsync(() => action(Core));

    /// <summary>Ends the term: nothing more is decided.</summary>
    public void End()
    {
        _loop.Stop();
        _ended.Cancel();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        End();
        await _loop.DisposeAsync();

        // The loop has ended: the streams are ours alone now.
        Core.End();
        await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<T?> ReadAsync<T>(
        string key, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, CancellationToken cancellation) where T : class =>
        await _store.GetAsync(key, cancellation) is { } entry ? Read(entry, type) : null;

    private static T Read<T>(StateEntry entry, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(entry.Value.Span, type) ?? throw new JsonException("null");
        }
        catch (JsonException problem)
        {
            throw new StateFormatException($"'{entry.Key}' cannot be read: {problem.Message}", problem);
        }
    }

    private void Fail(Exception problem)
    {
        Failure = problem;
        End();
    }
}
