using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Instances;

namespace LifecycleManager.Scheduler.Core.Tasks;

/// <summary>What the results of health checks mean, as Marathon has it.</summary>
internal static class HealthEvaluation
{
    /// <summary>The verdict after one more result, and whether the instance is to be killed.</summary>
    /// <param name="before">The verdict so far.</param>
    /// <param name="check">The check.</param>
    /// <param name="result">The result.</param>
    /// <param name="running">How long the instance has run.</param>
    /// <param name="now">Now, by the wall clock.</param>
    public static (InstanceHealth After, bool Kill) Apply(
        InstanceHealth before, HealthCheckSpec check, CheckResult result, TimeSpan running, DateTimeOffset now)
    {
        if (result.Success)
        {
            return (before with
            {
                Alive = true,
                ConsecutiveFailures = 0,
                FirstSuccess = before.FirstSuccess ?? now,
                LastSuccess = now,
            }, false);
        }

        // While it starts, failures say nothing: until the first success or the end of the grace period.
        if (before.FirstSuccess is null && running < check.GracePeriod) return (before, false);

        var after = before with
        {
            Alive = false,
            ConsecutiveFailures = before.ConsecutiveFailures + 1,
            LastFailure = now,
            LastFailureCause = result.Cause,
        };
        return (after, check.MaxConsecutiveFailures > 0 && after.ConsecutiveFailures >= check.MaxConsecutiveFailures);
    }
}
