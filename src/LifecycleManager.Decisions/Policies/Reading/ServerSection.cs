using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>Reads what a metric says of a server that is no instance of the app: which one, and what of it is read.</summary>
/// <param name="problems">Gets what is wrong.</param>
internal sealed class ServerSection(ProblemSink problems)
{
    // What each key is for.
    private static readonly (string Key, MetricSource[] Of)[] Concerns =
    [
        ("vhost", [MetricSource.RabbitMq]), ("read", [MetricSource.RabbitMq, MetricSource.Redis]),
        ("group", [MetricSource.Redis, MetricSource.Kafka]), ("value", [MetricSource.Json]),
        ("partitions", [MetricSource.Kafka]), ("offsetReset", [MetricSource.Kafka]),
        ("excludePersistentLag", [MetricSource.Kafka]),
        ("server", [.. SourceWords.Kinds.Select(kind => kind.Source)]),
    ];

    /// <summary>The settings; null where there are none.</summary>
    /// <param name="map">The metric.</param>
    /// <param name="query">What is known of it so far.</param>
    /// <param name="key">The key that names its source.</param>
    /// <param name="across">How several values become one; null where the metric does not say.</param>
    public SourceSettings? Read(MapReader map, MetricQuery query, string key, Aggregation? across)
    {
        foreach (var (name, sources) in Concerns)
        {
            if (map.Find(name) is null || sources.Contains(query.Source)) continue;
            var keys = SourceWords.Kinds.Where(kind => sources.Contains(kind.Source)).Select(kind => kind.Key);
            problems.Error(map.KeyOf(name), $"a metric of '{key}' has no '{name}'", $"it is for {string.Join(", ", keys)}",
                "metric-source");
        }

        if (!query.HasServer) return null;
        var settings = new SourceSettings
        {
            Server = map.Text("server"),
            Across = across,
            Vhost = map.Text("vhost"),
            Read = ReadWord(map, query),
            Group = map.Text("group"),
            Partitions = map.Text("partitions"),
            OffsetReset = query.Source == MetricSource.Kafka ? Word(map, "offsetReset", SourceWords.OffsetReset) : null,
            ExcludePersistentLag = map.Duration("excludePersistentLag", positive: true),
            Value = map.Text("value"),
        };
        CheckGroup(map, query, settings);
        CheckAcross(map, query, settings);
        if (query.Source == MetricSource.Kafka) CheckKafka(map, key, query, settings);
        if (query.Source == MetricSource.Json) CheckJson(map, query, settings);
        if (map.Find(key) is YamlScalar text) CheckTemplate(text, QueryTemplate.LanguageOf(query with { From = settings }));
        if (map.Find("group") is YamlScalar group) CheckTemplate(group, TemplateLanguage.Name);
        return settings == new SourceSettings() ? null : settings;
    }

    private string? ReadWord(MapReader map, MetricQuery query)
    {
        return query.Source is MetricSource.RabbitMq or MetricSource.Redis
            ? Word(map, "read", query.Source == MetricSource.Redis ? SourceWords.Redis : SourceWords.Queue) : null;
    }

    private string? Word(MapReader map, string key, IReadOnlyList<string> known)
    {
        if (map.Text(key) is not { } word) return null;
        if (known.Contains(word)) return word;
        problems.Error(map.Find(key)!, $"'{key}' must be {string.Join(", ", known.SkipLast(1))} or {known[^1]}, not '{word}'",
            NearestName.Of(word, known) is { } meant ? $"did you mean '{meant}'?" : null, "type");
        return null;
    }

    private void CheckKafka(MapReader map, string key, MetricQuery query, SourceSettings settings)
    {
        if (settings.Group is null)
            problems.Error(map.KeyOf(key), "the lag of a topic is of a consumer group", "group: workers", "missing-key");
        if (query.Selector.AsSpan().ContainsAny('*', '?'))
            problems.Error(map.Find(key)!, "a lag is of one topic, not of a pattern", "a metric a topic", "metric-source");
        if (settings.Partitions is { } text && !PartitionSet.TryParse(text, out _, out var problem))
            problems.Error(map.Find("partitions")!, problem, null, "type");
    }

    private void CheckGroup(MapReader map, MetricQuery query, SourceSettings settings)
    {
        if (query.Source != MetricSource.Redis) return;
        var isOfGroup = SourceWords.RedisGroup.Contains(settings.Read);
        if (isOfGroup && settings.Group is null)
            problems.Error(map.Find("read")!, $"'read: {settings.Read}' is of a consumer group", "group: workers", "missing-key");
        if (!isOfGroup && settings.Group is not null)
            problems.Error(map.KeyOf("group"), "only 'read: pending' and 'read: lag' are of a group", null, "metric-source");
    }

    private void CheckAcross(MapReader map, MetricQuery query, SourceSettings settings)
    {
        if (settings.Across is null) return;
        var one = query.Source switch
        {
            MetricSource.Redis => "a key",
            MetricSource.Kafka => "the lag",
            MetricSource.Postgres => "the query",
            MetricSource.RabbitMq when !query.Selector.AsSpan().ContainsAny('*', '?') => "one queue",
            _ => null,
        };
        if (one is not null)
            problems.Error(map.KeyOf("across"), $"{one} has one value, and nothing to join", "leave 'across' out", "across");
    }

    private void CheckJson(MapReader map, MetricQuery query, SourceSettings settings)
    {
        if (query.Selector is { Length: > 0 } path
            && (!path.StartsWith('/') || path.StartsWith("//", StringComparison.Ordinal)
                || path.Contains('#', StringComparison.Ordinal) || path.Split('?')[0].Split('/').Contains("..")))
        {
            problems.Error(map.Find("json")!, $"'{path}' must be a path that starts with one slash, without '..' and '#'",
                "the address is the server's: 'server', and /stats here", "path");
        }

        if (settings.Value is { } value && JsonValuePath.Check(value) is { } problem)
            problems.Error(map.Find("value")!, problem, "$.queue.depth, or queues[0].depth", "json-path");
    }

    private void CheckTemplate(YamlScalar text, TemplateLanguage language)
    {
        try
        {
            QueryTemplate.Parse(text.Value, language);
        }
        catch (TemplateException e)
        {
            var place = problems.Place(text, e.Offset);
            problems.Add(place.Line, place.Column, PolicySeverity.Error, e.Message, e.Suggestion, "placeholder");
        }
    }
}
