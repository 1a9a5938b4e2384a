using System.Collections.Concurrent;

namespace LifecycleManager.Agent;

/// <summary>Work beside the agent's loops that begins and ends at any time. One that throws is a failure of the agent.</summary>
/// <param name="stopping">Ends it all.</param>
internal sealed class BackgroundWork(CancellationToken stopping)
{
    private readonly ConcurrentDictionary<Task, string> _running = new();
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Begins some work.</summary>
    /// <param name="name">For people.</param>
    /// <param name="work">Ends when it is done, or cancelled.</param>
    public void Begin(string name, Func<CancellationToken, Task> work)
    {
        var running = Task.Run(() => GuardAsync(name, work), CancellationToken.None);
        _running[running] = name;
        running.ContinueWith(
            ended => _running.TryRemove(ended, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    /// <summary>Runs until cancelled.</summary>
    /// <exception cref="InvalidOperationException">Some work threw.</exception>
    public Task RunAsync(CancellationToken cancellation) => _failed.Task.WaitAsync(cancellation);

    /// <summary>Completes when all has ended that was begun.</summary>
    public async Task EndedAsync()
    {
        while (!_running.IsEmpty) await Task.WhenAll(_running.Keys);
    }

    private async Task GuardAsync(string name, Func<CancellationToken, Task> work)
    {
        try
        {
            await work(stopping);
        }
        catch (Exception e)
        {
            if (!stopping.IsCancellationRequested)
                _failed.TrySetException(new InvalidOperationException($"{name}: {e.Message}", e));
        }
    }
}
