using LifecycleManager.Scheduler.Core.Events;

namespace LifecycleManager.Scheduler.Events;

/// <summary>An event in the row of what waits for subscribers. Changed under the bus' lock.</summary>
internal sealed class WaitingEvent(SchedulerEventMessage message, long publishedAt)
{
    public SchedulerEventMessage Message { get; } = message;

    /// <summary>
    /// Its full form, where it has one: written once, when the first who wants it comes, and on no thread of those who wait.
    /// </summary>
    public Lazy<Task<IReadOnlyList<ReadOnlyMemory<byte>>>>? Full { get; } =
        message.WriteFull is { } write ? new Lazy<Task<IReadOnlyList<ReadOnlyMemory<byte>>>>(() => Task.Run(write)) : null;

    /// <summary>When it was published, as a timestamp of the monotonic clock.</summary>
    public long PublishedAt { get; } = publishedAt;

    public WaitingEvent? Next { get; set; }

    /// <summary>Subscribers for whom this is the next one.</summary>
    public int Places { get; set; }

    /// <summary>What it holds in memory.</summary>
    public long Bytes { get; set; } = message.Json.Length;

    /// <summary>Whether its full form is among its bytes.</summary>
    public bool IsFull { get; set; }

    /// <summary>Whether it has left the row.</summary>
    public bool IsGone { get; set; }
}
