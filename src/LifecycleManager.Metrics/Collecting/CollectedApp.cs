using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>What the owner knows of one app that somebody demands metrics of.</summary>
internal sealed class CollectedApp(string id)
{
    public string Id => id;

    public EndpointHints Hints { get; } = new();

    public SortedDictionary<string, CollectedInstance> Instances { get; } = new(StringComparer.Ordinal);

    /// <summary>How long its instances take to start.</summary>
    public StartupTimes Startup { get; } = new();

    /// <summary>What was seen of its metrics at any instance.</summary>
    public Dictionary<SeriesKey, Sighting> Sightings { get; } = [];

    public MetricQuery[] Queries { get; private set; } = [];

    /// <summary>What each query asks for.</summary>
    public IReadOnlyDictionary<MetricQuery, QueryKey> Keys { get; private set; } = new Dictionary<MetricQuery, QueryKey>();

    /// <summary>The app as a source of targets last had it; null where none has it.</summary>
    public TargetApp? Known { get; set; }

    /// <summary>What its policy says of its start-up time; null for nothing.</summary>
    public TimeSpan? StatedStartup { get; set; }

    /// <summary>Takes in what is demanded.</summary>
    /// <param name="queries">The queries, each once.</param>
    /// <param name="labels">The app's labels, which queries may name; null for none.</param>
    /// <returns>Whether something else is to be collected than before.</returns>
    public bool Demand(MetricQuery[] queries, IReadOnlyDictionary<string, string>? labels)
    {
        var keys = queries.ToDictionary(query => query, query => QueryKey.Of(query, Id, labels));
        var isSame = Queries.AsSpan().SequenceEqual(queries) && Array.TrueForAll(queries, query => keys[query] == Keys[query]);
        (Queries, Keys) = (queries, keys);
        return !isSame;
    }
}
