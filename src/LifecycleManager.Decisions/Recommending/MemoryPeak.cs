namespace LifecycleManager.Decisions.Recommending;

/// <summary>
/// The memory of one instance: of each interval of a day its highest use is one sample, so that what matters is how high it gets,
/// not for how long.
/// </summary>
public sealed class MemoryPeak
{
    /// <summary>The length of an interval: a day.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromDays(1);

    private DateTimeOffset _end = DateTimeOffset.MinValue;
    private DateTimeOffset _last = DateTimeOffset.MinValue;
    private double _peak;

    /// <summary>When the interval under way ends.</summary>
    public DateTimeOffset End => _end;

    /// <summary>The highest use of the interval under way.</summary>
    public double Bytes => _peak;

    /// <summary>Takes in a measurement; one that is older than the last says nothing new.</summary>
    /// <param name="peaks">Gets the peak in place of the one that it had of this interval.</param>
    /// <param name="bytes">Memory in use.</param>
    /// <param name="at">When.</param>
    public void Measured(DecayingHistogram peaks, double bytes, DateTimeOffset at)
    {
        if (at < _last) return;
        _last = at;
        if (_end == DateTimeOffset.MinValue) _end = at;
        if (at < _end)
        {
            if (bytes <= _peak) return;
            peaks.Subtract(_peak, 1, _end);
        }
        else
        {
            _end += Interval * (Math.Floor((at - _end) / Interval) + 1);
        }

        peaks.Add(bytes, 1, _end);
        _peak = bytes;
    }

    /// <summary>Makes it all older by a time, or younger by a negative one.</summary>
    public void Age(TimeSpan by) => (_end, _last) = (Older(_end, by), Older(_last, by));

    /// <summary>What is to be stored.</summary>
    public StoredPeak Export(string instance) => new(instance, _end, _peak);

    /// <summary>One as it was stored.</summary>
    public static MemoryPeak Of(StoredPeak stored)
    {
        ArgumentNullException.ThrowIfNull(stored);
        return new MemoryPeak { _end = stored.End, _peak = stored.Peak };
    }

    private static DateTimeOffset Older(DateTimeOffset at, TimeSpan by) =>
        at - DateTimeOffset.MinValue < by ? DateTimeOffset.MinValue : at - by;
}
