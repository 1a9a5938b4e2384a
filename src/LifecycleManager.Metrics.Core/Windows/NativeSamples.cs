using System.Runtime.InteropServices;

namespace LifecycleManager.Metrics.Core.Windows;

/// <summary>
/// The newest native histograms of one series, in rising time; bounded as a <see cref="SampleBuffer"/> is. Not safe for
/// concurrent use.
/// </summary>
public sealed class NativeSamples
{
    private readonly List<NativeSample> _samples = [];

    /// <summary>All samples, oldest first; good until the next change.</summary>
    public ReadOnlySpan<NativeSample> Samples => CollectionsMarshal.AsSpan(_samples);

    /// <summary>Adds a sample; where time went back, those of the abandoned future leave first.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="retention">Milliseconds; samples older than this before the new one leave.</param>
    /// <param name="most">The greatest number of samples.</param>
    public void Append(NativeSample sample, long retention, int most)
    {
        _samples.RemoveAll(old => old.Time >= sample.Time || old.Time < sample.Time - retention);
        if (_samples.Count >= most) _samples.RemoveRange(0, _samples.Count - most + 1);
        _samples.Add(sample);
    }

    /// <summary>The samples within [<paramref name="from"/>, <paramref name="to"/>], both included.</summary>
    public ReadOnlySpan<NativeSample> Between(long from, long to)
    {
        var samples = Samples;
        var (start, end) = (0, samples.Length);
        while (start < end && samples[start].Time < from) start++;
        while (end > start && samples[end - 1].Time > to) end--;
        return samples[start..end];
    }
}
