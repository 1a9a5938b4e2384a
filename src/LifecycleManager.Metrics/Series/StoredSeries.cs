using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Series;

/// <summary>One series and its samples. Guarded by the gate of its <see cref="SeriesSet"/>.</summary>
/// <param name="name">Its name within the set.</param>
/// <param name="upperBound">The bucket's bound for histograms, else NaN.</param>
internal sealed class StoredSeries(string name, double upperBound)
{
    public string Name => name;

    public double UpperBound => upperBound;

    public SampleBuffer Samples { get; } = new();

    /// <summary>Whether the last scrape that succeeded did not have it.</summary>
    public bool Gone { get; set; }

    /// <summary>Whether it has left its set; whoever still holds it gets it anew.</summary>
    public bool Detached { get; set; }

    /// <summary>The number of the scrape that last had it.</summary>
    public long Round { get; set; }
}
