using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Sources;

/// <summary>
/// Where pushed samples go: to every selection of their app that takes them. What nobody selects is not kept, and the answer says
/// how many that were.
/// </summary>
internal sealed class PushedStore(
    CollectorOptions options, TimeProvider time, CollectorMetrics metrics, MetricArrivals arrivals)
{
    private static readonly TimeSpan MaxAhead = TimeSpan.FromMinutes(10);
    private readonly Lock _syncRoot = new();
    private Dictionary<string, Selection[]> _selections = [];
    private int _series;

    /// <summary>Guards the sets of all selections.</summary>
    public Lock SyncRoot => _syncRoot;

    /// <summary>Replaces what is selected.</summary>
    public void Use(Dictionary<string, Selection[]> selections)
    {
        lock (_syncRoot)
        {
            _selections = selections;
            Forget(time.GetUtcNow().ToUnixTimeMilliseconds());
        }
    }

    /// <summary>Takes samples.</summary>
    /// <returns>How many were kept, how many nobody selects, and what was refused and why.</returns>
    public (int Accepted, int Unused, string? Refused) Push(IReadOnlyList<PushedSample> samples)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var (accepted, unused) = (0, 0);
        string? refused = null;
        var apps = new HashSet<string>(StringComparer.Ordinal);
        metrics.Pushed(samples.Count);
        lock (_syncRoot)
        {
            foreach (var sample in samples)
            {
                var at = sample.Time ?? now;
                if (at > now + MaxAhead.TotalMilliseconds)
                {
                    refused = $"{sample.Metric} of {sample.App}: the time is more than {MaxAhead.TotalMinutes:0} minutes ahead";
                    continue;
                }

                var (used, stored) = (false, false);
                foreach (var selection in _selections.GetValueOrDefault(sample.App, []))
                {
                    if (selection.Selector.Name != sample.Metric || !selection.Selector.Accepts(sample.Labels)) continue;
                    used = true;
                    if (Store(selection, sample, at, now) is { } problem) refused = problem;
                    else stored = true;
                }

                if (stored)
                {
                    accepted++;
                    apps.Add(sample.App);
                }
                else if (!used)
                {
                    unused++;
                }
            }
        }

        arrivals.Add(apps);
        return (accepted, unused, refused);
    }

    private string? Store(Selection selection, PushedSample sample, long at, long now)
    {
        var set = selection.Set;
        var before = set.Series.Length;
        if (before >= options.MaxSeriesPerTarget || _series >= options.MaxPushedSeries) Forget(now);
        var name = string.Join('\u0001',
            sample.Labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}\u0002{label.Value}"));
        if (!set.Has(name) && (before >= options.MaxSeriesPerTarget || _series >= options.MaxPushedSeries))
            return $"{sample.Metric} of {sample.App}: there are too many series";
        var series = set.Get(name);
        _series += set.Series.Length - before;
        if (sample.Time is not null && series.Samples is { Count: > 0 } samples && samples.Samples[^1].Time >= at)
            return $"{sample.Metric} of {sample.App}: a sample of that time or a later one is there already";
        series.Samples.Append(new Sample(at, sample.Value), set.Retention, options.MaxSamplesPerSeries);
        set.Problem = null;
        return null;
    }

    private void Forget(long now)
    {
        _series = 0;
        foreach (var set in _selections.Values.SelectMany(selections => selections).Select(selection => selection.Set))
        {
            set.RemoveOlderThan(now - set.Retention);
            _series += set.Series.Length;
        }
    }
}
