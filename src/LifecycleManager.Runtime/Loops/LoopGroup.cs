using LifecycleManager.Runtime.Health;

namespace LifecycleManager.Runtime.Loops;

/// <summary>A loop by its name.</summary>
/// <param name="Name">For people: <c>the health checks</c>.</param>
/// <param name="Run">Runs until cancelled, and tells its turns to the report that it is handed.</param>
public sealed record NamedLoop(string Name, Func<LoopReport, CancellationToken, Task> Run)
{
    /// <summary>A loop that tells no turns, or tells them to <see cref="Report"/> by itself.</summary>
    /// <param name="name">For people.</param>
    /// <param name="run">Runs until cancelled.</param>
    public NamedLoop(string name, Func<CancellationToken, Task> run) : this(name, (_, cancellation) => run(cancellation))
    {
    }

    /// <summary>
    /// The loop's report where it has one already: it outlives the group, and whoever made it disposes of it. Null: the group
    /// makes one, which lasts as long as the group.
    /// </summary>
    public LoopReport? Report { get; init; }

    /// <summary>A turn that takes longer is a problem; <see cref="RoleHealth.LongestTurn"/> where nothing is stated.</summary>
    public TimeSpan? LongestTurn { get; init; }
}

/// <summary>A loop that was to run on has ended by itself, or failed.</summary>
/// <param name="name">The loop.</param>
/// <param name="cause">What it threw; null where it just returned.</param>
public sealed class LoopEndedException(string name, Exception? cause)
    : Exception(cause is null ? $"{name} ended, and nobody asked it to" : $"{name} failed: {cause.Message}", cause);

/// <summary>Loops that depend on each other: none of them does its work without the others.</summary>
public static class LoopGroup
{
    /// <summary>Runs loops until cancelled. The first that ends by itself ends all.</summary>
    /// <param name="health">Where an end is told; it is forgotten once all have ended, since whoever called knows it
    /// then.</param>
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
        using var made = loop.Report is null ? health.Loop(loop.Name, loop.LongestTurn) : null;
        var report = loop.Report ?? made!;
        Exception? cause = null;
        try
        {
            await loop.Run(report, ending);
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
