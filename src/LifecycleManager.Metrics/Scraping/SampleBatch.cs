using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>The wanted samples of one scrape, held back until the whole scrape has proved sound.</summary>
internal sealed class SampleBatch
{
    private readonly List<Item> _items = [];

    /// <summary>Adds a sample.</summary>
    /// <param name="set">Where it belongs.</param>
    /// <param name="series">The series in that set.</param>
    /// <param name="sample">The sample.</param>
    /// <param name="ownTime">Whether the time is the target's, not the scrape's.</param>
    public void Add(SeriesSet set, StoredSeries series, Sample sample, bool ownTime) =>
        _items.Add(new Item(set, series, sample, ownTime));

    /// <summary>Forgets everything.</summary>
    public void Clear() => _items.Clear();

    /// <summary>
    /// Puts the samples into their series, under one hold of the gate that all of them share. As in Prometheus, the first of two
    /// samples with one time wins, and a sample whose own time is older than the newest is dropped.
    /// </summary>
    /// <param name="selections">Every selection of the scrape; series that none of the samples is of are gone.</param>
    /// <param name="round">The scrape's number, rising.</param>
    /// <param name="now">The scrape's time.</param>
    /// <param name="mostPerSeries">The greatest number of samples a series.</param>
    /// <param name="absent">What to say of a selection that found nothing.</param>
    public void Commit(
        IReadOnlyList<Selection> selections, long round, long now, int mostPerSeries, Func<Selection, string> absent)
    {
        if (selections.Count == 0) return;
        lock (selections[0].Set.Gate)
        {
            foreach (var (set, series, sample, ownTime) in _items)
            {
                var samples = series.Samples.Samples;
                if (samples.Length > 0 && sample.Time <= samples[^1].Time && (ownTime || series.Round == round))
                {
                    series.Round = round;
                    series.Gone = false;
                    continue;
                }

                series.Round = round;
                series.Gone = false;
                series.Samples.Append(sample, set.Retention, mostPerSeries);
            }

            for (var i = 0; i < selections.Count; i++)
            {
                var set = selections[i].Set;
                set.Close(round, now);
                set.Problem = HasLive(set) ? null : absent(selections[i]);
            }
        }
    }

    private static bool HasLive(SeriesSet set)
    {
        foreach (var series in set.Series)
        {
            if (!series.Gone) return true;
        }

        return false;
    }

    private readonly record struct Item(SeriesSet Set, StoredSeries Series, Sample Sample, bool OwnTime);
}
