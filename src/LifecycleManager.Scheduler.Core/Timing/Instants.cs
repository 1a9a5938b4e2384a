namespace LifecycleManager.Scheduler.Core.Timing;

/// <summary>Comparing instants of the scheduler's clock.</summary>
internal static class Instants
{
    public static TimeSpan Earlier(TimeSpan left, TimeSpan right) => left < right ? left : right;

    /// <summary>An instant that is still to come, or else another.</summary>
    public static TimeSpan Later(TimeSpan instant, TimeSpan otherwise, TimeSpan now) => instant > now ? instant : otherwise;
}
