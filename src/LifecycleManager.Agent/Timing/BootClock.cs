namespace LifecycleManager.Agent.Timing;

/// <summary>An instant of the machine's monotonic clock; it means something within one boot only.</summary>
/// <param name="Boot">The boot.</param>
/// <param name="Milliseconds">By the clock of that boot.</param>
internal sealed record BootInstant(string Boot, long Milliseconds);

/// <summary>
/// The machine's monotonic clock, which all processes of one boot read alike: what it measures outlives the agent and does not
/// move with the wall clock.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="bootId">Names the machine's present boot; null where the kernel does not say: nothing is known after a restart
/// then.</param>
internal sealed class BootClock(TimeProvider time, string? bootId)
{
    private readonly string _boot = bootId ?? Guid.NewGuid().ToString();

    /// <summary>Now.</summary>
    public BootInstant Now => new(_boot, (long)((Int128)time.GetTimestamp() * 1000 / time.TimestampFrequency));

    /// <summary>What has passed since an instant, not negative; null where it is of another boot, or not known.</summary>
    public TimeSpan? Since(BootInstant? instant) => instant is { } known && known.Boot == _boot
        ? TimeSpan.FromMilliseconds(Math.Max(0, Now.Milliseconds - known.Milliseconds)) : null;
}
