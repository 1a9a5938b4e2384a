using LifecycleManager.Runtime.Health;

namespace LifecycleManager.Runtime.Loops;

/// <summary>A loop by its name.</summary>
/// <param name="Name">For people: <c>the health checks</c>.</param>
/// <param name="Run">Runs until cancelled.</param>
public sealed record NamedLoop(string Name, Func<CancellationToken, Task> Run);

/// <summary>A loop that was to run on has ended by itself, or failed.</summary>
/// <param name="name">The loop.</param>
/// <param name="cause">What it threw; null where it just returned.</param>
public sealed class LoopEndedException(string name, Exception? cause)
    : Exception(cause is null ? $"{name} ended, and nobody asked it to" : $"{name} failed: {cause.Message}", cause);

/// <summary>Loops that depend on each other: none of them does its work without the others.</summary>
public static class LoopGroup
{
    /// <summary>Runs loops until cancelled. The first that ends by itself ends all.</summary>
    /// <param name="health">Where an end is told; it is forgotten once all have ended, since whoever called knows it then.</param>
    /// <param name="cancellation">Ends all.</param>
    /// <param name="loops">At least one.</param>
    /// <exception cref="OperationCanceledException">Cancelled; all loops have ended.</exception>
    /// <exception cref="LoopEndedException">One ended by itself; all others have ended, too.</exception>
    public static async Task RunAsync(RoleHealth health, CancellationToken cancellation, params IReadOnlyList<NamedLoop> loops)
    {
        ArgumentOutOfRangeException.ThrowIfZero(loops.Count);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = loops.Select(loop => RunAsync(loop, health, ending.Token)).ToList();
        try
        {
            await await Task.WhenAny(running);
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Runs a loop that ends when it is told to, and else is a failure.</summary>
    private static async Task RunAsync(NamedLoop loop, RoleHealth health, CancellationToken ending)
    {
        // A loop that throws before its first wait is one of the group all the same.
        await Task.Yield();
        using var report = health.Loop(loop.Name);
        Exception? cause = null;
        try
        {
            await loop.Run(ending);
        }
        catch (Exception e) when (!ending.IsCancellationRequested)
        {
            cause = e;
        }

        ending.ThrowIfCancellationRequested();
        report.End(cause);
        throw new LoopEndedException(loop.Name, cause);
    }
}
