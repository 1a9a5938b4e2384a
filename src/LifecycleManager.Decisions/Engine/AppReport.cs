using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Engine;

/// <summary>What the last tick saw of one app: for the manager's own metrics and its list of governed apps.</summary>
/// <param name="App">The absolute app id.</param>
/// <param name="Policy">The policy that governs it.</param>
/// <param name="Bounds">The bounds in force, schedules included.</param>
/// <param name="Metrics">The named metrics' values; null where a metric was missing.</param>
/// <param name="Thresholds">The values that rules hold metrics against; null where one could not be computed.</param>
/// <param name="MetricsMissing">Whether a rule could not be decided for want of a metric.</param>
public sealed record AppReport(
    string App,
    string Policy,
    InstanceBounds Bounds,
    IReadOnlyList<KeyValuePair<string, double?>> Metrics,
    IReadOnlyList<KeyValuePair<string, double?>> Thresholds,
    bool MetricsMissing)
{
    /// <summary>How it stands with the sources of its metrics: silent where one is, else answering where one does.</summary>
    public SourceState Sources { get; init; }

    /// <summary>That nothing is scaled in, since things were worse after the last scale-in; null where it may be.</summary>
    public ScalingHold? ScaleInHeld { get; init; }

    /// <summary>That nothing is scaled out, since the last scale-outs have not helped; null where it may be.</summary>
    public ScalingHold? ScaleOutHeld { get; init; }

    internal static AppReport Of(AppMemory state, SourceState sources)
    {
        var policy = state.Policy;
        var metrics = policy.Reads.Select((read, i) => KeyValuePair.Create(
            read.Text, Known(state.App.Counted(Slots.FirstRead + i))));
        var thresholds = policy.RuleArray.SelectMany(rule => rule.Thresholds).Select(threshold => KeyValuePair.Create(
            policy.Reads[threshold.Slot - Slots.FirstRead].Text, Known(threshold.Value(state.App.Slots).Point)));
        return new AppReport(
            state.App.Id, policy.Name, state.Opinions.Bounds, [.. metrics], [.. thresholds], state.Opinions.AnyMissing)
        {
            Sources = sources,
            ScaleInHeld = ScalingHold.OfScaleIn(state),
            ScaleOutHeld = ScalingHold.OfScaleOut(state),
        };

        static double? Known(double value) => double.IsFinite(value) ? value : null;
    }
}
