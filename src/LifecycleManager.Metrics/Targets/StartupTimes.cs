using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Targets;

/// <summary>
/// How long the instances of an app take from their start to their first success: what the policy says, or the app's label, or
/// what was learnt of the last instances. Written by the collector's owner, read by anybody.
/// </summary>
internal sealed class StartupTimes
{
    /// <summary>So many starts are remembered.</summary>
    private const int Most = 20;

    /// <summary>The share of the starts that were over by then.</summary>
    private const double Quantile = 0.9;

    private readonly Queue<TimeSpan> _starts = new();
    private Known _known = new(null, null, null, 0);

    /// <summary>What is learnt is at most this: an instance that took longer waited for something else.</summary>
    public static TimeSpan Longest { get; } = TimeSpan.FromMinutes(10);

    /// <summary>What the policy and the app's label say; null: nothing.</summary>
    public void Say(TimeSpan? policy, TimeSpan? label)
    {
        if (policy != _known.Policy || label != _known.Label)
            Volatile.Write(ref _known, _known with { Policy = policy, Label = label });
    }

    /// <summary>Takes in the start of an instance, once; times that no start can take are left out.</summary>
    /// <param name="took">From its start to its first success.</param>
    public void Learn(TimeSpan took)
    {
        if (took < TimeSpan.Zero || took > Longest) return;
        _starts.Enqueue(took);
        if (_starts.Count > Most) _starts.Dequeue();
        var times = _starts.Order().ToArray();
        var rank = (int)Math.Ceiling(times.Length * Quantile) - 1;
        Volatile.Write(ref _known, _known with { Learnt = times[rank], Starts = times.Length });
    }

    /// <summary>The time that is reckoned with, and where it is from.</summary>
    /// <param name="usual">Where nothing is stated or learnt.</param>
    public StartupTime Of(TimeSpan usual)
    {
        var known = Volatile.Read(ref _known);
        var (time, source) = known.Policy is { } policy ? (policy, StartupSource.Policy)
            : known.Label is { } label ? (label, StartupSource.Label)
            : known.Learnt is { } learnt ? (learnt, StartupSource.Learnt)
            : (usual, StartupSource.Usual);
        return new StartupTime(time, source, known.Starts);
    }

    private sealed record Known(TimeSpan? Policy, TimeSpan? Label, TimeSpan? Learnt, int Starts);
}
