using LifecycleManager.Runtime.Health;
using LifecycleManager.Runtime.Loops;

namespace LifecycleManager.Master.Cluster;

/// <summary>
/// The loop that owns the cluster's state during one term: calls, events and what is due run one after the other, and
/// what follows from each leaves when it has run to its end. A call that throws before it changed anything is answered with its
/// failure; whatever else throws ends the loop, and the term with it.
/// </summary>
internal sealed class ClusterLoop : IOwner<ClusterInput>
{
    private const int Capacity = 65_536;
    private const int MaxBatch = 256;

    private readonly OwnerLoop<ClusterInput> _loop;
    private readonly Deadlines<Action> _deadlines;
    private readonly ChangeMark _changes;

    public ClusterLoop(TimeProvider time, LoopReport report, ChangeMark changes)
    {
        _deadlines = new Deadlines<Action>(time);
        _changes = changes;
        _loop = new OwnerLoop<ClusterInput>(this, time, report, Capacity, MaxBatch);
    }

    /// <summary>What follows from the input that is being run. Only to be used on the loop.</summary>
    public ClusterEffects Effects { get; } = new();

    /// <summary>Inputs that wait.</summary>
    public int Pending => _loop.Pending;

    TimeSpan? IOwner<ClusterInput>.NextDue => _deadlines.NextDue;

    /// <summary>Runs until cancelled; once.</summary>
    public Task RunAsync(CancellationToken cancellation) => _loop.RunAsync(cancellation);

    /// <summary>Runs an action on the loop; waits while the inbox is full. Without effect after the end of the loop.</summary>
    public async ValueTask PostAsync(Action action) => await _loop.PostAsync(new ClusterEvent(action));

    /// <summary>Runs a function on the loop and gives its result.</summary>
    /// <exception cref="OperationCanceledException">The loop has ended.</exception>
    /// <exception cref="CallFailedException">The function threw.</exception>
    public async Task<T> AskAsync<T>(Func<T> function)
    {
        var call = new ClusterCall<T>(function);
        await _loop.PostAsync(call);
        return await call.Answer;
    }

    /// <summary>Runs an action after a time, by the monotonic clock. Only to be called on the loop.</summary>
    public Deadline<Action> After(TimeSpan delay, Action action) => _deadlines.Add(delay, action);

    /// <summary>Takes no more inputs.</summary>
    public void Stop() => _loop.Stop();

    ValueTask IOwner<ClusterInput>.TurnAsync(IReadOnlyList<ClusterInput> inputs, CancellationToken cancellation)
    {
        Effects.CarryOut();
        RunDue(cancellation);
        foreach (var input in inputs)
        {
            // At once: a master that has lost the lead decides nothing more.
            cancellation.ThrowIfCancellationRequested();
            if (input.TryRun(_changes))
            {
                Effects.CarryOut();
                input.Answered();
            }
            else
            {
                Effects.Discard();
            }

            RunDue(cancellation);
        }

        return ValueTask.CompletedTask;
    }

    void IOwner<ClusterInput>.Abandon(ClusterInput input, Exception? cause) => input.Abandon();

    private void RunDue(CancellationToken cancellation)
    {
        while (_deadlines.TryTake(out var action))
        {
            cancellation.ThrowIfCancellationRequested();
            action();
            Effects.CarryOut();
        }
    }
}
