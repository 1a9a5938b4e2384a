using System.Threading.Channels;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Runtime.Health;

namespace LifecycleManager.Runtime.Loops;

/// <summary>
/// The one logical thread that owns a piece of state. Inputs wait in a bounded inbox and are taken in batches, in the order of
/// their arrival; what is due by time is done in the same turns, so that no input can postpone it. It runs once and fails as a
/// whole: whoever supervises it begins again with an owner made anew.
/// </summary>
/// <typeparam name="TInput">What the owner is told and asked.</typeparam>
public sealed class OwnerLoop<TInput>
    where TInput : class
{
    private readonly Channel<TInput?> _inbox;
    private readonly IOwner<TInput> _owner;
    private readonly TimeProvider _time;
    private readonly LoopReport _report;
    private readonly int _maxBatch;
    private int _begun;
    private volatile bool _stopped;

    /// <summary>A loop that does not run yet; its inbox takes inputs already.</summary>
    /// <param name="owner">The owner.</param>
    /// <param name="time">The clock.</param>
    /// <param name="report">Where the loop tells its turns.</param>
    /// <param name="capacity">Inputs that may wait, at least 1.</param>
    /// <param name="maxBatch">Inputs of a turn, at least 1.</param>
    public OwnerLoop(IOwner<TInput> owner, TimeProvider time, LoopReport report, int capacity, int maxBatch)
    {
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBatch, 1);
        (_owner, _time, _report, _maxBatch) = (owner, time, report, maxBatch);
        _inbox = Channel.CreateBounded<TInput?>(new BoundedChannelOptions(capacity) { SingleReader = true });
    }

    /// <summary>Inputs that wait.</summary>
    public int Pending => _inbox.Reader.Count;

    /// <summary>Hands in an input; false where the inbox is full or the loop has ended.</summary>
    public bool TryPost(TInput input) => _inbox.Writer.TryWrite(input);

    /// <summary>Hands in an input; waits while the inbox is full.</summary>
    /// <returns>False where the loop has ended; the input is abandoned then.</returns>
    /// <exception cref="OperationCanceledException">The wait was ended; the input is not handed in.</exception>
    public async ValueTask<bool> PostAsync(TInput input, CancellationToken cancellation = default)
    {
        try
        {
            await _inbox.Writer.WriteAsync(input, cancellation);
            return true;
        }
        catch (ChannelClosedException)
        {
            _owner.Abandon(input, null);
            return false;
        }
    }

    /// <summary>Has a turn taken at once, with or without inputs: something may be due earlier than the loop knows.</summary>
    public void Wake() => _inbox.Writer.TryWrite(null);

    /// <summary>Takes no more inputs: the turn that is under way is the last, what waits is abandoned.</summary>
    public void Stop()
    {
        _stopped = true;
        _inbox.Writer.TryComplete();
    }

    /// <summary>Runs until cancelled or stopped.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="Exception">What the owner threw.</exception>
    /// <exception cref="InvalidOperationException">It has run before.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (Interlocked.Exchange(ref _begun, 1) != 0) throw new InvalidOperationException($"the loop '{_report.Name}' runs once");
        var batch = new List<TInput>();
        Exception? cause = null;
        await using var alarm = new CappedTimer(_time, Wake);
        try
        {
            await TurnAsync(batch, cancellation);
            while (await WaitAsync(alarm, cancellation) && !_stopped)
            {
                while (batch.Count < _maxBatch && _inbox.Reader.TryRead(out var input))
                {
                    if (input is not null) batch.Add(input);
                }

                await TurnAsync(batch, cancellation);
                batch.Clear();
            }
        }
        catch (Exception e)
        {
            cause = cancellation.IsCancellationRequested && e is OperationCanceledException ? null : e;
            throw;
        }
        finally
        {
            Stop();
            foreach (var input in batch) _owner.Abandon(input, cause);
            while (_inbox.Reader.TryRead(out var input))
            {
                if (input is not null) _owner.Abandon(input, cause);
            }

            _report.End(cause);
        }
    }

    private async Task TurnAsync(List<TInput> batch, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        _report.BeginTurn();
        await _owner.TurnAsync(batch, cancellation);
        _report.EndTurn();
    }

    /// <summary>Waits for an input or what is due; false once stopped.</summary>
    private ValueTask<bool> WaitAsync(CappedTimer alarm, CancellationToken cancellation)
    {
        if (_owner.NextDue is { } due) alarm.Set(due);
        else alarm.Stop();
        return _inbox.Reader.WaitToReadAsync(cancellation);
    }
}
