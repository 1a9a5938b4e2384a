using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>
/// What of a source without instances is read, and of which server, beyond <see cref="MetricQuery.Selector"/>. What does not
/// concern the query's source is null.
/// </summary>
public sealed record SourceSettings
{
    /// <summary>The server, by the name that the operator gave it; null for the one that is there for all.</summary>
    public string? Server { get; init; }

    /// <summary>How several values become one; null where there is to be just one, so that several are an error.</summary>
    public Aggregation? Across { get; init; }

    /// <summary>
    /// What is read, by the word of the policy's <c>read</c>: of a queue <c>messages</c> (the default), <c>ready</c>,
    /// <c>unacknowledged</c>, <c>publishRate</c>, <c>deliverRate</c>; of a Redis key <c>list</c> (the default), <c>stream</c>,
    /// <c>pending</c>, <c>lag</c>.
    /// </summary>
    public string? Read { get; init; }

    /// <summary>RabbitMQ's virtual host; null for <c>/</c>, or what stands before the slash of the queue's name.</summary>
    public string? Vhost { get; init; }

    /// <summary>The consumer group of a Redis stream or of a Kafka topic; may have placeholders.</summary>
    public string? Group { get; init; }

    /// <summary>The partitions of a Kafka topic, <see cref="PartitionSet"/>; null for all.</summary>
    public string? Partitions { get; init; }

    /// <summary>
    /// Where a Kafka consumer group begins that has no committed offset, as its own <c>auto.offset.reset</c> says:
    /// <c>earliest</c> or <c>latest</c>; null where that is not known.
    /// </summary>
    public string? OffsetReset { get; init; }

    /// <summary>
    /// For how long the committed offset of a Kafka partition may stand still until what waits there is left out, since no
    /// instance more would help; null for ever.
    /// </summary>
    public TimeSpan? ExcludePersistentLag { get; init; }

    /// <summary>Where the value is in a JSON answer: a JSONPath.</summary>
    public string? Value { get; init; }

    /// <summary>All that is stated, for people and as a part of a name.</summary>
    public override string ToString() => string.Join(", ", new[]
    {
        ("server", Server), ("vhost", Vhost), ("read", Read), ("group", Group), ("partitions", Partitions),
        ("offsetReset", OffsetReset),
        ("excludePersistentLag", ExcludePersistentLag is { } time ? DurationText.Format(time) : null), ("value", Value),
        ("across", Across?.ToString().ToLowerInvariant()),
    }.Where(part => part.Item2 is not null).Select(part => $"{part.Item1} {part.Item2}"));
}
