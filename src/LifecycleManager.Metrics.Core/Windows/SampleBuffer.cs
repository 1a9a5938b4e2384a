namespace LifecycleManager.Metrics.Core.Windows;

/// <summary>
/// The newest samples of one series, in rising time. Bounded by time and by number: samples older than the retention leave, and
/// beyond the greatest number the oldest leave. Not safe for concurrent use.
/// </summary>
/// <remarks>
/// A ring that is kept straight: samples are appended and the live part moves to the front when the array is full, so that a
/// window is always one span and the pure functions over it need no wrap. Moving costs less than one copy a sample on average.
/// </remarks>
public sealed class SampleBuffer
{
    private const int FirstCapacity = 8;
    private Sample[] _samples = [];
    private int _start;
    private int _end;

    /// <summary>How many samples there are.</summary>
    public int Count => _end - _start;

    /// <summary>All samples, oldest first; good until the next change.</summary>
    public ReadOnlySpan<Sample> Samples => _samples.AsSpan(_start, Count);

    /// <summary>
    /// Adds a sample. One that is not newer than the newest means that time went back (a clock was set): the samples of the
    /// abandoned future leave first, since windows that mix two clocks are worth nothing.
    /// </summary>
    /// <param name="sample">The sample.</param>
    /// <param name="retention">Milliseconds; samples older than this before the new one may leave.</param>
    /// <param name="most">The greatest number of samples.</param>
    public void Append(Sample sample, long retention, int most)
    {
        while (Count > 0 && _samples[_end - 1].Time >= sample.Time) _end--;
        if (_end == _samples.Length) MakeRoom(sample.Time - retention, most);
        _samples[_end++] = sample;
        if (Count > most) _start++;
    }

    /// <summary>The samples within [<paramref name="from"/>, <paramref name="to"/>], both included.</summary>
    public ReadOnlySpan<Sample> Between(long from, long to)
    {
        var samples = Samples[..WindowReader.UpTo(Samples, to)];
        return samples[WindowReader.UpTo(samples, from - 1)..];
    }

    private void MakeRoom(long oldest, int most)
    {
        var live = Samples;
        live = live[WindowReader.UpTo(live, oldest - 1)..];
        if (live.Length >= most) live = live[^(most - 1)..];
        // A quarter of free room keeps the moves rare.
        var capacity = _samples.Length;
        if (live.Length > capacity * 3 / 4 || capacity == 0)
            capacity = Math.Min(Math.Max(FirstCapacity, capacity * 2), most + Math.Max(FirstCapacity, most / 4));
        var target = capacity == _samples.Length ? _samples : new Sample[capacity];
        live.CopyTo(target);
        (_samples, _start, _end) = (target, 0, live.Length);
    }
}
