using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Manager.Overriding;

/// <summary>
/// What people have ordered, over what a policy wants: an app that somebody suspended stays at 0, then an override gives the
/// count, then the policy does. An override is bound by neither bounds nor windows, limits and cooldown.
/// </summary>
internal sealed class CountOrders(OverrideStore overrides)
{
    private const string Override = "override";

    /// <summary>Whether a decision is an override's.</summary>
    public static bool IsOverride(Decision decision) => decision.Adjustments is [.., { By: Override }];

    /// <summary>Whether people have ordered anything of an app.</summary>
    public bool Concern(ScalableApp app) => app.Suspended || overrides.Concerns(app.Id);

    /// <summary>Whether an app's count is given by an override.</summary>
    public bool Gives(string app) => overrides.Of(app) is not null;

    /// <summary>The count that people have ordered of an app; null where they have not.</summary>
    public int? CountOf(ScalableApp app) => app.Suspended ? 0 : overrides.Of(app.Id)?.Instances;

    /// <summary>The decision with what people have ordered.</summary>
    /// <param name="app">The app as it is.</param>
    /// <param name="decision">What the policy wants.</param>
    /// <param name="bounds">The policy's least and most.</param>
    public Decision Apply(ScalableApp app, Decision decision, InstanceBounds bounds)
    {
        var steps = new List<Adjustment>(2);
        var to = decision.To;
        var isOurZero = overrides.HoldsZero(app.Id);
        if (overrides.Of(app.Id) is { } entry)
        {
            Step(Override, entry.Instances, bounds.Clamp(entry.Instances) == entry.Instances ? entry.ToString()
                : $"{entry} (outside of the policy's {bounds.Min} to {bounds.Max})");
        }
        else if (isOurZero && decision is { From: 0, To: 0 } && bounds.Min > 0)
        {
            Step("override ended", bounds.Min, "the override of 0 has ended");
        }

        var isOff = app.Suspended || (bounds.Min > 0 && !isOurZero);
        if (decision.From == 0 && to != 0 && isOff)
            Step("suspended", 0, "somebody has ordered 0 instances, and an order of more at the target ends that");
        return steps.Count == 0 ? decision : decision with
        {
            // The policy's own rule and steps come and go, and are no news.
            Rule = null,
            To = to,
            Reason = string.Join("; ", steps.Select(step => step.Reason))
                + $"; the policy would set {decision.To}: {decision.Reason}",
            Adjustments = steps,
        };

        void Step(string by, int count, string reason)
        {
            steps.Add(new Adjustment(by, to, count, reason));
            to = count;
        }
    }
}
