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

    /// <summary>The consumer group of a Redis stream; may have placeholders.</summary>
    public string? Group { get; init; }

    /// <summary>Where the value is in a JSON answer: a JSONPath.</summary>
    public string? Value { get; init; }

    /// <summary>All that is stated, for people and as a part of a name.</summary>
    public override string ToString() => string.Join(", ", new[]
    {
        ("server", Server), ("vhost", Vhost), ("read", Read), ("group", Group), ("value", Value),
        ("across", Across?.ToString().ToLowerInvariant()),
    }.Where(part => part.Item2 is not null).Select(part => $"{part.Item1} {part.Item2}"));
}
