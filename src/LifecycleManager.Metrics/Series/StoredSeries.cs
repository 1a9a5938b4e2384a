using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Series;

/// <summary>One series and its samples. Guarded by the lock of its <see cref="SeriesSet"/>.</summary>
/// <param name="name">Its name within the set.</param>
/// <param name="upperBound">The bucket's bound for histograms, else NaN.</param>
internal sealed class StoredSeries(string name, double upperBound)
{
    private NativeSamples? _histograms;

    public string Name => name;

    public double UpperBound => upperBound;

    /// <summary>The samples; of native histograms how many observations they have.</summary>
    public SampleBuffer Samples { get; } = new();

    /// <summary>The native histograms of those samples that are some; null where the series is of numbers.</summary>
    public NativeSamples? Histograms => _histograms;

    /// <summary>Whether the last scrape that succeeded did not have it.</summary>
    public bool Gone { get; set; }

    /// <summary>Whether it was removed from its set; a holder of it must look it up again.</summary>
    public bool Detached { get; set; }

    /// <summary>The number of the scrape that last had it.</summary>
    public long Round { get; set; }

    /// <summary>Adds a native histogram.</summary>
    public void Append(long time, NativeHistogram histogram, long retention, int most)
    {
        Samples.Append(new Sample(time, histogram.Count), retention, most);
        (_histograms ??= new NativeSamples()).Append(new NativeSample(time, histogram), retention, most);
    }
}
