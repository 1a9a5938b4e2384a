namespace LifecycleManager.Scheduler.Core.Events;

/// <summary>An event of Marathon's event bus, written once for all who listen.</summary>
/// <param name="EventType">Its type, <c>status_update_event</c>.</param>
/// <param name="Timestamp">When.</param>
/// <param name="Json">The whole event as JSON in UTF-8, with <c>eventType</c> and <c>timestamp</c>, on one line.</param>
internal sealed record SchedulerEventMessage(string EventType, DateTimeOffset Timestamp, ReadOnlyMemory<byte> Json)
{
    /// <summary>The ids of the apps and pods that it tells of, all of them; null where it is the whole scheduler's.</summary>
    public IReadOnlyList<string>? Apps { get; init; }

    /// <summary>
    /// Writes the same with the trees before and after, in pieces, of an event with a deployment's plan; null of any other. It
    /// may be large: it is written when somebody wants it.
    /// </summary>
    public Func<IReadOnlyList<ReadOnlyMemory<byte>>>? WriteFull { get; init; }
}
