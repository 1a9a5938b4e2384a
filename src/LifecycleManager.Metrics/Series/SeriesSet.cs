using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Series;

/// <summary>What identifies collected data, whatever functions and windows are then read over it.</summary>
internal readonly record struct SeriesKey(MetricSource Source, string Selector, ScrapeSettings? Scrape)
{
    /// <summary>For sources without instances: of which server what is read.</summary>
    public SourceSettings? From { get; init; }

    public static SeriesKey Of(MetricQuery query) => new(query.Source, query.Selector, query.Scrape) { From = query.From };
}

/// <summary>Remembers of all instances of an app together that a selector has found something once.</summary>
internal sealed class Sighting
{
    private volatile bool _seen;

    /// <summary>Whether it has.</summary>
    public bool Seen
    {
        get => _seen;
        set => _seen = value;
    }
}

/// <summary>
/// The series that one selector finds at one instance, or at a source that has no instances. Written by scrapes, read by
/// anybody; both hold the lock for microseconds.
/// </summary>
/// <param name="syncRoot">Guards the series; shared by all sets of one instance.</param>
internal sealed class SeriesSet(Lock syncRoot)
{
    private const int MaxWithoutIndex = 128;
    private StoredSeries[] _series = [];
    private Dictionary<string, StoredSeries>? _byName;

    public Lock SyncRoot => syncRoot;

    /// <summary>How long samples are kept, milliseconds; grows and shrinks with the windows that are asked for.</summary>
    public long Retention { get; set; }

    /// <summary>Why there is nothing, where the scrape itself was fine; for people.</summary>
    public string? Problem { get; set; }

    /// <summary>What the source remarks on the question, whether or not there is a value; for people. Null for nothing.</summary>
    public string? Note { get; set; }

    /// <summary>Where <see cref="Problem"/> is: whether the instance does not have the metric at all, with other labels either,
    /// and it is one that services make with the first call.</summary>
    public bool IsNotMadeYet { get; set; }

    /// <summary>Where <see cref="Problem"/> is: whether the last scrape asked for it and was refused, so that what was known
    /// stands until it is stale, and nothing is known then.</summary>
    public bool IsRefused { get; set; }

    /// <summary>Whether there were such series once, at any instance of the app.</summary>
    public Sighting Sighting { get; init; } = new();

    /// <summary>The series. Take the lock.</summary>
    public ReadOnlySpan<StoredSeries> Series => _series;

    /// <summary>The series with a name that is unique here; makes it where it is new. Take the lock.</summary>
    public StoredSeries Get(string name, double upperBound = double.NaN)
    {
        if (Find(name) is { } known) return known;
        var series = new StoredSeries(name, upperBound);
        _byName?.Add(name, series);
        _series = [.. _series, series];
        if (_series.Length == MaxWithoutIndex) _byName = _series.ToDictionary(one => one.Name, StringComparer.Ordinal);
        return series;
    }

    /// <summary>
    /// Closes a scrape: series that it did not have are gone, and those long gone leave. Take the lock.
    /// </summary>
    /// <param name="round">The scrape's number.</param>
    /// <param name="now">Its time.</param>
    public void Close(long round, long now)
    {
        foreach (var series in _series)
        {
            if (series.Round != round) series.Gone = true;
        }

        Remove(series => series.Gone && (series.Samples.Count == 0 || series.Samples.Samples[^1].Time < now - Retention));
    }

    /// <summary>Whether there is a series with this name. Take the lock.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>Removes series without a sample since <paramref name="oldest"/>. Take the lock.</summary>
    public void RemoveOlderThan(long oldest) =>
        Remove(series => series.Samples.Count == 0 || series.Samples.Samples[^1].Time < oldest);

    /// <summary>Removes series that never had a sample: those of a scrape that failed. Take the lock.</summary>
    public void Prune() => Remove(series => series.Samples.Count == 0);

    private void Remove(Predicate<StoredSeries> condemned)
    {
        if (!Array.Exists(_series, condemned)) return;
        foreach (var series in Array.FindAll(_series, condemned))
        {
            series.Detached = true;
            _byName?.Remove(series.Name);
        }

        _series = Array.FindAll(_series, series => !series.Detached);
    }

    // Names are looked up when a scrape meets a series for the first time, so that few need no index.
    private StoredSeries? Find(string name)
    {
        if (_byName is not null) return _byName.GetValueOrDefault(name);
        foreach (var series in _series)
        {
            if (series.Name == name) return series;
        }

        return null;
    }
}
