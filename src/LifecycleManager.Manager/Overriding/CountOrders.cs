using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Manager.Scheduling;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Manager.Overriding;

/// <summary>
/// What people and their schedules have ordered, over what a policy wants: an app that somebody suspended stays at 0, then an
/// override gives the count, then schedules do, then the policy does. Neither is bound by bounds, windows, limits and cooldown of
/// the policy; schedules by the limits over all apps.
/// </summary>
internal sealed class CountOrders(OverrideStore overrides, ScheduleOrders schedules)
{
    private const string Override = "override";
    private const string Scheduled = "schedule";

    /// <summary>Whether a decision is an override's.</summary>
    public static bool IsOverride(Decision decision) => decision.Adjustments is [.., { By: Override }];

    /// <summary>Whether a decision is not its policy's own, so that what the policy did before does not bind it.</summary>
    public static bool IsOrder(Decision decision) => decision.Adjustments is [.., { By: Override or Scheduled }];

    /// <summary>Whether anything is ordered of an app.</summary>
    public bool Concern(ScalableApp app) => app.Suspended || overrides.Concerns(app.Id) || schedules.Concern(app.Id);

    /// <summary>Whether an app's count is given, whatever its policy wants.</summary>
    public bool Gives(string app) => overrides.Of(app) is not null || schedules.Of(app)?.Count.Exactly is not null;

    /// <summary>Whether schedules want something of an app's count.</summary>
    public bool IsScheduled(string app) => schedules.Concern(app);

    /// <summary>The count that is ordered of an app; null where none is.</summary>
    public int? CountOf(ScalableApp app) =>
        app.Suspended ? 0 : overrides.Of(app.Id)?.Instances ?? schedules.Of(app.Id)?.Count.Exactly;

    /// <summary>The decision with what is ordered.</summary>
    /// <param name="app">The app as it is.</param>
    /// <param name="decision">What the policy wants.</param>
    /// <param name="bounds">The policy's least and most.</param>
    public Decision Apply(ScalableApp app, Decision decision, InstanceBounds bounds)
    {
        var (steps, rule) = Steps(app, decision, bounds);
        return steps.Count == 0 ? decision : decision with
        {
            // The policy's own rule and steps come and go, and are no news.
            Rule = rule,
            To = steps[^1].To,
            Reason = string.Join("; ", steps.Select(step => step.Reason))
                + $"; the policy would set {decision.To}: {decision.Reason}",
            Adjustments = steps,
        };
    }

    /// <summary>What schedules do to an app that no policy scales; null where they do nothing.</summary>
    /// <param name="app">The app as it is.</param>
    /// <param name="now">The present.</param>
    public Decision? Give(ScalableApp app, DateTimeOffset now)
    {
        if (schedules.Of(app.Id) is not { } scheduled) return null;
        var name = RuleOf(scheduled);
        var stays = new Decision
        {
            At = now,
            App = app.Id,
            Policy = name,
            Rule = name,
            From = app.Instances,
            To = app.Instances,
            Reason = "",
        };
        var (steps, _) = Steps(app, stays, new InstanceBounds(0, int.MaxValue));
        return steps.Count == 0 ? null : stays with
        {
            To = steps[^1].To,
            Reason = string.Join("; ", steps.Select(step => step.Reason)),
            Adjustments = steps,
        };
    }

    private static string RuleOf(ScheduledOrder scheduled) => $"schedule {scheduled.Schedule}";

    private (List<Adjustment> Steps, string? Rule) Steps(ScalableApp app, Decision decision, InstanceBounds bounds)
    {
        var steps = new List<Adjustment>(2);
        var to = decision.To;
        string? rule = null;
        var scheduled = schedules.Of(app.Id);
        var isOurZero = overrides.HoldsZero(app.Id) || scheduled is { FromZero: true };
        if (overrides.Of(app.Id) is { } entry)
        {
            Step(Override, entry.Instances, Outside(entry.ToString(), entry.Instances));
        }
        else if (scheduled is not null && (scheduled.Count.Exactly is not null || scheduled.Count.Of(to) != to))
        {
            var count = scheduled.Count.Of(to);
            rule = RuleOf(scheduled);
            Step(Scheduled, count, Outside(scheduled.Text, count));
        }
        else if (isOurZero && decision is { From: 0, To: 0 } && bounds.Min > 0)
        {
            Step("override ended", bounds.Min, "the override of 0 has ended");
        }

        var isOff = app.Suspended || (bounds.Min > 0 && !isOurZero);
        if (decision.From == 0 && to != 0 && isOff)
            Step("suspended", 0, "somebody has ordered 0 instances, and an order of more at the target ends that");
        return (steps, rule);

        void Step(string by, int count, string reason)
        {
            steps.Add(new Adjustment(by, to, count, reason));
            to = count;
        }

        string Outside(string order, int count) => bounds.Clamp(count) == count ? order
            : $"{order} (outside of the policy's {bounds.Min} to {bounds.Max})";
    }
}
