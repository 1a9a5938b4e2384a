namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>What of a server can be read, by the words that policies use.</summary>
public static class SourceWords
{
    /// <summary>Of a RabbitMQ queue; the first is meant where nothing is stated.</summary>
    public static IReadOnlyList<string> Queue { get; } = ["messages", "ready", "unacknowledged", "publishRate", "deliverRate"];

    /// <summary>Of a Redis key; the first is meant where nothing is stated.</summary>
    public static IReadOnlyList<string> Redis { get; } = ["list", "stream", "pending", "lag"];

    /// <summary>Those of <see cref="Redis"/> that are of a consumer group.</summary>
    public static IReadOnlyList<string> RedisGroup { get; } = ["pending", "lag"];

    /// <summary>Where a Kafka consumer group begins that has no committed offset.</summary>
    public static IReadOnlyList<string> OffsetReset { get; } = [Earliest, Latest];

    /// <summary>At what the topic still has.</summary>
    public const string Earliest = "earliest";

    /// <summary>At what comes next.</summary>
    public const string Latest = "latest";

    /// <summary>The name of the server that is meant where a metric names none; the one of the options has it.</summary>
    public const string DefaultServer = "default";

    /// <summary>The servers' kinds that the operator's file has, each with the policy's key for it.</summary>
    public static IReadOnlyList<(string Kind, string Key, MetricSource Source)> Kinds { get; } =
    [
        ("prometheus", "promql", MetricSource.PromQl), ("rabbitmq", "rabbitmq", MetricSource.RabbitMq),
        ("redis", "redis", MetricSource.Redis), ("postgres", "postgres", MetricSource.Postgres),
        ("json", "json", MetricSource.Json), ("kafka", "kafka", MetricSource.Kafka),
    ];

    /// <summary>The word for a source's servers.</summary>
    /// <exception cref="ArgumentException">The source has no servers.</exception>
    public static string KindOf(MetricSource source) =>
        Kinds.FirstOrDefault(kind => kind.Source == source).Kind
            ?? throw new ArgumentException($"{source} has no servers", nameof(source));
}

/// <summary>A server that the operator has named.</summary>
/// <param name="Source">What it answers.</param>
/// <param name="Name">Its name.</param>
public readonly record struct NamedSource(MetricSource Source, string Name);
