using System.Collections.Concurrent;

namespace LifecycleManager.Runtime.Health;

/// <summary>
/// Whether a role can do its work, computed from its loops and from what its parts say when they are asked: never a constant.
/// </summary>
/// <param name="time">The clock.</param>
public sealed class RoleHealth(TimeProvider time)
{
    /// <summary>A turn that takes longer shows that its loop stands still: 30 s.</summary>
    public static readonly TimeSpan LongestTurn = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<LoopReport, long> _loops = new();
    private readonly ConcurrentDictionary<PartWatch, long> _parts = new();
    private long _order;

    /// <summary>
    /// What the role does, for people: <c>leading</c>, <c>standing by</c>, <c>starting</c>. Asked at each verdict.
    /// </summary>
    public Func<string> State { get; set; } = static () => "starting";

    /// <summary>Adds a loop. It counts until its report is disposed.</summary>
    /// <param name="name">For people.</param>
    /// <param name="longestTurn">A turn that takes longer is a problem; <see cref="LongestTurn"/> where nothing is
    /// stated.</param>
    public LoopReport Loop(string name, TimeSpan? longestTurn = null)
    {
        var report = new LoopReport(this, name, time, longestTurn ?? LongestTurn);
        _loops[report] = Interlocked.Increment(ref _order);
        return report;
    }

    /// <summary>Adds a part that is asked at each verdict.</summary>
    /// <param name="problem">What is wrong with it, or null; quick, and callable from any thread.</param>
    /// <returns>Disposed, it is asked no more.</returns>
    public IDisposable Watch(Func<string?> problem)
    {
        var part = new PartWatch(this, problem);
        _parts[part] = Interlocked.Increment(ref _order);
        return part;
    }

    /// <summary>How it is now.</summary>
    public HealthVerdict Verdict()
    {
        var problems = _parts.OrderBy(part => part.Value).Select(part => Ask(part.Key))
            .Concat(_loops.OrderBy(loop => loop.Value).Select(loop => loop.Key.Problem))
            .OfType<string>().Distinct(StringComparer.Ordinal);
        return new HealthVerdict(State(), [.. problems]);
    }

    internal void Remove(LoopReport report) => _loops.TryRemove(report, out _);

    private static string? Ask(PartWatch part)
    {
        try
        {
            return part.Problem();
        }
        catch (Exception e)
        {
            // What cannot say how it is, is not well.
            return $"a part cannot say how it is: {e.Message}";
        }
    }

    private sealed class PartWatch(RoleHealth health, Func<string?> problem) : IDisposable
    {
        public Func<string?> Problem { get; } = problem;

        public void Dispose() => health._parts.TryRemove(this, out _);
    }
}
