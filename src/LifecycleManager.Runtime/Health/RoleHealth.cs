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
    private readonly ConcurrentDictionary<PartWatch, long> _warnings = new();
    private long _order;

    /// <summary>
    /// What the role does, for people: <c>leading</c>, <c>standing by</c>, <c>starting</c>. Asked at each verdict.
    /// </summary>
    public Func<string> State { get; set; } = static () => "starting";

    /// <summary>What each verdict warns of, whatever the role does: how it was started.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

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
    public IDisposable Watch(Func<string?> problem) => Add(_parts, problem);

    /// <summary>Adds a part that is asked at each verdict for what whoever runs the role should know.</summary>
    /// <param name="warning">What is to be known, or null; quick, and callable from any thread.</param>
    /// <returns>Disposed, it is asked no more.</returns>
    public IDisposable Warn(Func<string?> warning) => Add(_warnings, warning);

    /// <summary>How it is now.</summary>
    public HealthVerdict Verdict()
    {
        var problems = Asked(_parts)
            .Concat(_loops.ToArray().OrderBy(loop => loop.Value).Select(loop => loop.Key.Problem))
            .OfType<string>().Distinct(StringComparer.Ordinal);
        return new HealthVerdict(State(), [.. problems]) { Warnings = [.. Warnings, .. Asked(_warnings).OfType<string>()] };
    }

    internal void Remove(LoopReport report) => _loops.TryRemove(report, out _);

    private PartWatch Add(ConcurrentDictionary<PartWatch, long> parts, Func<string?> says)
    {
        var part = new PartWatch(parts, says);
        parts[part] = Interlocked.Increment(ref _order);
        return part;
    }

    private static IEnumerable<string?> Asked(ConcurrentDictionary<PartWatch, long> parts) =>
        parts.ToArray().OrderBy(part => part.Value).Select(part => Ask(part.Key));

    private static string? Ask(PartWatch part)
    {
        try
        {
            return part.Says();
        }
        catch (Exception e)
        {
            // What cannot say how it is, is not well.
            return $"a part cannot say how it is: {e.Message}";
        }
    }

    private sealed class PartWatch(ConcurrentDictionary<PartWatch, long> parts, Func<string?> says) : IDisposable
    {
        public Func<string?> Says { get; } = says;

        public void Dispose() => parts.TryRemove(this, out _);
    }
}
