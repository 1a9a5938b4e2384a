using System.Threading.Channels;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Registry;

/// <summary>
/// Writes to the store in order and in batches, each with the leadership's fence. While the store cannot be reached it waits
/// and repeats; a write that is refused, or whose outcome nobody knows, ends the term.
/// </summary>
internal sealed class StateRegistry(
    IStateStore store, Fence fence, TimeProvider time, Func<Action, ValueTask> post, Action<Exception> end, ILogger log) : IRegistry
{
    private const int MaxBatch = 256;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    // Unbounded by itself; each entry stands for a call that somebody waits for, and those are bounded.
    private readonly Channel<Change> _queue = Channel.CreateUnbounded<Change>(new UnboundedChannelOptions { SingleReader = true });

    public void Commit(IReadOnlyList<StateWrite> writes, Action durable) => _queue.Writer.TryWrite(new Change(writes, durable));

    public async Task RunAsync(CancellationToken cancellation)
    {
        var writes = new Dictionary<string, StateWrite>(StringComparer.Ordinal);
        var durable = new List<Action>();
        while (await _queue.Reader.WaitToReadAsync(cancellation))
        {
            writes.Clear();
            durable.Clear();
            while (writes.Count < MaxBatch && _queue.Reader.TryRead(out var change))
            {
                // Of several writes of a key in one batch the last stands, as it would after all of them.
                foreach (var write in change.Writes) writes[write.Key] = write;
                durable.Add(change.Durable);
            }

            if (writes.Count > 0 && !await WriteAsync([.. writes.Values], cancellation)) return;
            foreach (var action in durable) await post(action);
        }
    }

    private async Task<bool> WriteAsync(IReadOnlyList<StateWrite> writes, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await store.WriteAsync(writes, fence, cancellation);
                return true;
            }
            catch (StateUnavailableException problem)
            {
                log.LogWarning("The state store does not answer, trying again in {Delay}: {Problem}", Retry, problem.Message);
                await Task.Delay(Retry, time, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return false;
            }
            catch (Exception problem)
            {
                end(problem);
                return false;
            }
        }
    }

    private sealed record Change(IReadOnlyList<StateWrite> Writes, Action Durable);
}
