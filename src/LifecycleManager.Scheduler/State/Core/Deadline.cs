namespace LifecycleManager.Scheduler.State.Core;

/// <summary>What a deadline is about: an instance's task id, or a deployment's id.</summary>
internal readonly record struct Deadline(DeadlineKind Kind, string Id);

internal enum DeadlineKind
{
    Instance,
    Deployment,
}

/// <summary>Comparing instants of the scheduler's clock.</summary>
internal static class Clock
{
    public static TimeSpan Earlier(TimeSpan left, TimeSpan right) => left < right ? left : right;

    /// <summary>An instant that is still to come, or else another.</summary>
    public static TimeSpan Later(TimeSpan instant, TimeSpan otherwise, TimeSpan now) => instant > now ? instant : otherwise;
}
