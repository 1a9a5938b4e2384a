using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Recording;

/// <summary>
/// The decisions on record as a manager sees them that does not lead: a copy from the store, two seconds old at most.
/// </summary>
internal sealed class FollowedDecisions(IStateStore store, ManagerOptions options, TimeProvider time,
    ILogger<FollowedDecisions> logger)
    : IDisposable
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _reading = new(1, 1);
    private Copy? _copy;

    public async Task<DecisionArchive> ReadAsync(CancellationToken cancellation)
    {
        await _reading.WaitAsync(cancellation);
        try
        {
            if (_copy is { } known && time.GetElapsedTime(known.ReadAt) < MaxAge) return known.Archive;
            var records = await StoredDecisions.ReadAsync(store, logger, cancellation);
            var archive = DecisionArchive.Empty.With(records, options.KeptDecisions, options.KeptDecisionsPerApp).Archive;
            _copy = new Copy(archive, time.GetTimestamp());
            return archive;
        }
        finally
        {
            _reading.Release();
        }
    }

    public void Dispose() => _reading.Dispose();

    private sealed record Copy(DecisionArchive Archive, long ReadAt);
}
