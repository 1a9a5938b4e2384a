using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Testing;

/// <summary>
/// Time that goes on when the test says so, with a wall clock that can be set: the monotonic clock and timers do not see it.
/// </summary>
public sealed class SettableTime : FakeTimeProvider
{
    /// <summary>By how much the wall clock is off.</summary>
    public TimeSpan WallOffset { get; set; }

    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + WallOffset;

    /// <inheritdoc />
    public override long GetTimestamp() => base.GetUtcNow().Ticks;
}
