using System.Threading.Channels;

namespace LifecycleManager.Scaling.Evaluation;

/// <summary>Runs what it is given one after the other: the owner of the evaluation's state.</summary>
internal sealed class Mailbox : IAsyncDisposable
{
    // Not bounded by number, but by its senders: one tick at a time, and one answer for each app in flight.
    private readonly Channel<Func<Task>> _work = Channel.CreateUnbounded<Func<Task>>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Task _loop;

    public Mailbox() => _loop = Task.Run(RunAsync);

    /// <summary>Runs the work in turn and hands on its result or its exception.</summary>
    public async Task<T> AskAsync<T>(Func<Task<T>> work)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var queued = _work.Writer.TryWrite(async () =>
        {
            try
            {
                answer.SetResult(await work());
            }
            catch (OperationCanceledException e)
            {
                answer.SetCanceled(e.CancellationToken);
            }
            catch (Exception e)
            {
                answer.SetException(e);
            }
        });
        ObjectDisposedException.ThrowIf(!queued, this);
        return await answer.Task;
    }

    /// <summary>Finishes what is queued, and takes no more.</summary>
    public async ValueTask DisposeAsync()
    {
        _work.Writer.TryComplete();
        await _loop;
    }

    private async Task RunAsync()
    {
        await foreach (var work in _work.Reader.ReadAllAsync()) await work();
    }
}
