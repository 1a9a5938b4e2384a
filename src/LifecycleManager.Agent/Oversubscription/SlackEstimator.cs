using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Oversubscription;

/// <summary>A running task as the estimator sees it.</summary>
/// <param name="ContainerId">Its container.</param>
/// <param name="Revocable">Whether it runs on revocable cpus: best effort.</param>
/// <param name="Cpus">What it was given.</param>
/// <param name="Used">What it uses: cpu seconds a second, smoothed; null before two measurements.</param>
/// <param name="Started">When it was accepted.</param>
internal sealed record TaskLoad(string ContainerId, bool Revocable, double Cpus, double? Used, DateTimeOffset Started);

/// <summary>
/// Decides, from what tasks use, how many cpus may be offered as revocable, and which best-effort tasks have to go. Only
/// cpus: memory that was given away cannot be taken back without ending a task. No clock, no I/O.
/// </summary>
internal static class SlackEstimator
{
    /// <summary>
    /// The cpus that were given to guaranteed tasks and lie idle. A reserve stays free for their next peak; a task that was
    /// not measured yet counts as using all of its own.
    /// </summary>
    /// <param name="tasks">What runs.</param>
    /// <param name="reserve">The share of a task's use that is kept free on top, such as 0.2.</param>
    /// <param name="machine">What is in use by anybody; null where that is not known.</param>
    public static double Slack(IReadOnlyCollection<TaskLoad> tasks, double reserve, MachineUse? machine = null)
    {
        var slack = tasks.Where(task => !task.Revocable)
            .Sum(task => Math.Max(0, task.Cpus - ((task.Used ?? task.Cpus) * (1 + reserve))));
        // What somebody else uses is not idle, whoever was given it.
        if (machine is { } host)
        {
            var bestEffort = tasks.Where(task => task.Revocable).Sum(task => task.Used ?? 0);
            slack = Math.Min(slack, Math.Max(0, host.Cpus - host.Used) + bestEffort);
        }

        // In tenths, so that noise makes no new offer.
        return Math.Floor(slack * 10) / 10;
    }

    /// <summary>The slack as a resource; empty when there is none.</summary>
    public static IReadOnlyList<Resource> Offer(double slack) =>
        slack <= 0 ? [] : [Resource.OfScalar("cpus", slack) with { Revocable = new RevocableInfo() }];

    /// <summary>
    /// The best-effort tasks to end, the youngest first: while they use more than guaranteed tasks leave, and the machine is
    /// busy to its limit.
    /// </summary>
    /// <param name="tasks">What runs.</param>
    /// <param name="cpus">The agent's cpus.</param>
    /// <param name="busy">From this share of all cpus on the machine counts as busy, such as 0.9.</param>
    /// <param name="machine">What is in use by anybody; null where that is not known.</param>
    public static IReadOnlyList<string> Preempt(
        IReadOnlyCollection<TaskLoad> tasks, double cpus, double busy, MachineUse? machine = null)
    {
        var used = tasks.Sum(task => task.Used ?? 0);
        var victims = new List<string>();
        foreach (var task in tasks.Where(task => task is { Revocable: true, Used: > 0 }).OrderByDescending(task => task.Started))
        {
            // By tasks, or by anybody else.
            var isPressed = machine is { } host && host.Used >= host.Cpus * busy;
            if (used < cpus * busy && !isPressed) break;
            victims.Add(task.ContainerId);
            used -= task.Used!.Value;
            if (machine is { } before) machine = before with { Used = before.Used - task.Used.Value };
        }

        return victims;
    }
}
