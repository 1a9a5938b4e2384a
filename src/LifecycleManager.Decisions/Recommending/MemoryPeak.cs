namespace LifecycleManager.Decisions.Recommending;

/// <summary>
/// The memory of one instance: of each interval of a day its highest use is one sample, so that what matters is how high it gets,
/// not for how long.
/// </summary>
public sealed class MemoryPeak
{
    /// <summary>The length of an interval: a day.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromDays(1);

    /// <summary>An end for memory asks for this much more at least: 100 MiB.</summary>
    private const double LeastStep = 100 * 1024 * 1024;

    /// <summary>An end for memory asks for this share more at least.</summary>
    private const double StepShare = 1.2;

    private DateTimeOffset _end = DateTimeOffset.MinValue;
    private DateTimeOffset _last = DateTimeOffset.MinValue;
    private double _peak;
    private double _endPeak;

    /// <summary>When the interval under way ends.</summary>
    public DateTimeOffset End => _end;

    /// <summary>Takes in a measurement; one that is older than the last says nothing new.</summary>
    /// <param name="peaks">Gets the peak in place of the one that it had of this interval.</param>
    /// <param name="bytes">Memory in use.</param>
    /// <param name="at">When.</param>
    public void Measured(DecayingHistogram peaks, double bytes, DateTimeOffset at)
    {
        if (at >= _last) Add(peaks, bytes, at, isEnd: false);
    }

    /// <summary>
    /// Takes in that the instance was ended for its memory: what it had is not enough, whatever was measured. It asks for 100 MiB
    /// or 20% more, whichever is more. Nothing where that was before the interval under way.
    /// </summary>
    /// <param name="peaks">Gets what it asks for.</param>
    /// <param name="limit">What it was allowed, in bytes.</param>
    /// <param name="at">When.</param>
    public void EndedForMemory(DecayingHistogram peaks, double limit, DateTimeOffset at)
    {
        if (_end != DateTimeOffset.MinValue && at < _end - Interval) return;

        // Not of what the end before asked for, lest ends in a row add up.
        var used = Math.Max(limit, _peak);
        Add(peaks, Math.Max(used + LeastStep, used * StepShare), at, isEnd: true);
    }

    /// <summary>Makes it all older by a time, or younger by a negative one.</summary>
    public void Age(TimeSpan by) => (_end, _last) = (Older(_end, by), Older(_last, by));

    /// <summary>What is to be stored.</summary>
    public StoredPeak Export(string instance) => new(instance, _end, _peak, _endPeak);

    /// <summary>One as it was stored.</summary>
    public static MemoryPeak Of(StoredPeak stored)
    {
        ArgumentNullException.ThrowIfNull(stored);
        return new MemoryPeak { _end = stored.End, _peak = stored.Peak, _endPeak = stored.EndPeak };
    }

    private static DateTimeOffset Older(DateTimeOffset at, TimeSpan by) =>
        at - DateTimeOffset.MinValue < by ? DateTimeOffset.MinValue : at - by;

    private void Add(DecayingHistogram peaks, double bytes, DateTimeOffset at, bool isEnd)
    {
        _last = at;
        if (_end == DateTimeOffset.MinValue) _end = at;
        if (at < _end)
        {
            var before = Math.Max(_peak, _endPeak);
            if (before == 0 || bytes <= before) return;
            peaks.Subtract(before, 1, _end);
        }
        else
        {
            _end += Interval * (Math.Floor((at - _end) / Interval) + 1);
            (_peak, _endPeak) = (0, 0);
        }

        peaks.Add(bytes, 1, _end);
        if (isEnd) _endPeak = bytes;
        else _peak = bytes;
    }
}
