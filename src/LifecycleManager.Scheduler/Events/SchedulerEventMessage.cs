namespace LifecycleManager.Scheduler.Events;

/// <summary>An event of Marathon's event bus, written once for all who listen.</summary>
/// <param name="EventType">Its type, <c>status_update_event</c>.</param>
/// <param name="Timestamp">When.</param>
/// <param name="Json">The whole event as JSON in UTF-8, with <c>eventType</c> and <c>timestamp</c>, on one line.</param>
internal sealed record SchedulerEventMessage(string EventType, DateTimeOffset Timestamp, ReadOnlyMemory<byte> Json)
{
    /// <summary>
    /// The same with the trees before and after, of an event with a deployment's plan; null of any other. Made when the first who
    /// wants it comes, for it may be large, and on no thread of those who wait for it.
    /// </summary>
    internal Lazy<Task<IReadOnlyList<ReadOnlyMemory<byte>>>>? Full { get; init; }
}
