using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>What is known of a selection that a scrape found nothing for.</summary>
/// <param name="Reason">Why there is nothing, for people.</param>
/// <param name="IsNotMadeYet">Whether the first call makes the metric, and there was none.</param>
/// <param name="IsRefused">Whether it was asked for and refused: what it is, nobody knows.</param>
internal readonly record struct NothingFound(string Reason, bool IsNotMadeYet = false, bool IsRefused = false);

/// <summary>The wanted samples of one scrape, held back until the whole scrape has proved sound.</summary>
internal sealed class SampleBatch
{
    private readonly List<Item> _items = [];
    private readonly Dictionary<SeriesSet, string> _refused = [];

    /// <summary>Adds a sample.</summary>
    /// <param name="set">Where it belongs.</param>
    /// <param name="series">The series in that set.</param>
    /// <param name="sample">The sample.</param>
    /// <param name="ownTime">Whether the time is the target's, not the scrape's.</param>
    /// <param name="histogram">The native histogram, where it is one.</param>
    public void Add(
        SeriesSet set, StoredSeries series, Sample sample, bool ownTime, NativeHistogram? histogram = null) =>
        _items.Add(new Item(set, series, sample, ownTime, histogram));

    /// <summary>
    /// A sample of a set cannot be read, so that the others alone would be no whole: the set has none, and says why.
    /// </summary>
    public void Refuse(SeriesSet set, string reason) => _refused.TryAdd(set, reason);

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _items.Clear();
        _refused.Clear();
    }

    /// <summary>
    /// Puts the samples into their series, under one hold of the lock that all of them share. As in Prometheus, the first of two
    /// samples with one time wins, and a sample whose own time is older than the newest is dropped.
    /// </summary>
    /// <param name="selections">
    /// Every selection of the scrape; series that none of the samples is of are gone, unless the selection was refused.
    /// </param>
    /// <param name="round">The scrape's number, rising.</param>
    /// <param name="now">The scrape's time.</param>
    /// <param name="mostPerSeries">The greatest number of samples a series.</param>
    /// <param name="nothing">What is known of a selection that found nothing.</param>
    public void Commit(
        IReadOnlyList<Selection> selections, long round, long now, int mostPerSeries, Func<Selection, NothingFound> nothing)
    {
        if (selections.Count == 0) return;
        lock (selections[0].Set.SyncRoot)
        {
            foreach (var (set, series, sample, ownTime, histogram) in _items)
            {
                if (_refused.ContainsKey(set)) continue;
                var samples = series.Samples.Samples;
                if (samples.Length > 0 && sample.Time <= samples[^1].Time && (ownTime || series.Round == round))
                {
                    series.Round = round;
                    series.Gone = false;
                    continue;
                }

                series.Round = round;
                series.Gone = false;
                if (histogram is null) series.Samples.Append(sample, set.Retention, mostPerSeries);
                else series.Append(sample.Time, histogram, set.Retention, mostPerSeries);
            }

            for (var i = 0; i < selections.Count; i++)
            {
                var set = selections[i].Set;
                if (_refused.TryGetValue(set, out var reason))
                {
                    set.Close(round, now);
                    (set.Problem, set.IsNotMadeYet, set.IsRefused) = (reason, false, true);
                    continue;
                }

                if (HasRound(set, round))
                {
                    set.Close(round, now);
                    (set.Problem, set.IsNotMadeYet, set.IsRefused, set.Sighting.Seen) = (null, false, false, true);
                    continue;
                }

                var found = nothing(selections[i]);
                if (!found.IsRefused) set.Close(round, now);
                (set.Problem, set.IsNotMadeYet, set.IsRefused) = (found.Reason, found.IsNotMadeYet, found.IsRefused);
            }
        }
    }

    private static bool HasRound(SeriesSet set, long round)
    {
        foreach (var series in set.Series)
        {
            if (series.Round == round) return true;
        }

        return false;
    }

    private readonly record struct Item(
        SeriesSet Set, StoredSeries Series, Sample Sample, bool OwnTime, NativeHistogram? Histogram);
}
