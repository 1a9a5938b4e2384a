namespace LifecycleManager.Master.Cluster;

/// <summary>What the owner of the cluster's state is told or asked.</summary>
internal abstract class ClusterInput
{
    /// <summary>Runs on the loop. An exception ends the term.</summary>
    /// <returns>Whether what follows is to be carried out; false where it has thrown and left the state as it was.</returns>
    public abstract bool TryRun(ChangeMark changes);

    /// <summary>What follows from it is carried out.</summary>
    public virtual void Answered()
    {
    }

    /// <summary>It will not be run: the term has ended.</summary>
    public virtual void Abandon()
    {
    }
}

/// <summary>Something that has happened; nobody waits for an answer.</summary>
internal sealed class ClusterEvent(Action action) : ClusterInput
{
    public override bool TryRun(ChangeMark changes)
    {
        action();
        return true;
    }
}

/// <summary>A call: somebody waits for its answer.</summary>
internal sealed class ClusterCall<T>(Func<T> function) : ClusterInput
{
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    public Task<T> Answer => _answer.Task;

    public override bool TryRun(ChangeMark changes)
    {
        var before = changes.Count;
        try
        {
            _result = function();
            return true;
        }
        catch (Exception e)
        {
            _answer.TrySetException(new CallFailedException(e));

            // What has changed something may have done it by half.
            if (changes.Count != before) throw;
            return false;
        }
    }

    public override void Answered() => _answer.TrySetResult(_result!);

    public override void Abandon() => _answer.TrySetCanceled();
}

/// <summary>A call has met a defect of the master.</summary>
internal sealed class CallFailedException(Exception cause) : Exception(cause.Message, cause);
