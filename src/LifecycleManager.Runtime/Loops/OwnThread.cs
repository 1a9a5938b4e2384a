namespace LifecycleManager.Runtime.Loops;

/// <summary>
/// A loop on a thread of its own, which no work of the thread pool keeps from running: heartbeats, on whose time others rely. It
/// blocks where it waits, and sleeps or reads with a limit.
/// </summary>
public static class OwnThread
{
    /// <summary>Runs a loop; the task has its end, and what it throws.</summary>
    /// <param name="name">The thread's name, for debuggers.</param>
    /// <param name="loop">Runs until it has nothing to do any more.</param>
    public static Task RunAsync(string name, Action loop)
    {
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                loop();
                end.SetResult();
            }
            catch (Exception e)
            {
                end.SetException(e);
            }
        })
        {
            Name = name,
            IsBackground = true,
            Priority = ThreadPriority.AboveNormal,
        }.Start();
        return end.Task;
    }
}
