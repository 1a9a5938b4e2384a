namespace LifecycleManager.Scheduler.Core.Timing;

/// <summary>
/// Now, in two ways: by the wall clock, for versions and for people, and by the scheduler's own clock, for everything that is
/// due. The wall clock may jump, and differs from machine to machine; the scheduler's clock counts the time during which some
/// scheduler led.
/// </summary>
/// <param name="Wall">By the wall clock.</param>
/// <param name="Clock">By the scheduler's clock, which never goes back, and goes on from one term to the next.</param>
internal readonly record struct ClockReading(DateTimeOffset Wall, TimeSpan Clock) : IComparable<ClockReading>
{
    /// <summary>The order of events, by the scheduler's clock; of those that it does not tell apart, by the wall clock.</summary>
    public int CompareTo(ClockReading other) => Clock != other.Clock ? Clock.CompareTo(other.Clock) : Wall.CompareTo(other.Wall);

    public static bool operator <(ClockReading left, ClockReading right) => left.CompareTo(right) < 0;

    public static bool operator >(ClockReading left, ClockReading right) => left.CompareTo(right) > 0;

    public static bool operator <=(ClockReading left, ClockReading right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ClockReading left, ClockReading right) => left.CompareTo(right) >= 0;
}
