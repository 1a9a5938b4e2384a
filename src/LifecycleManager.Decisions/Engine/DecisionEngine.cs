using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics.Queries;

namespace LifecycleManager.Decisions.Engine;

/// <summary>
/// Turns facts and metrics into instance counts. One owner at a time; deterministic; the only clock is <see cref="AppFacts.Now"/>.
/// </summary>
public sealed class DecisionEngine
{
    /// <summary>An engine without policies.</summary>
    public DecisionEngine(IRuleEngine rules) => _ = rules;

    /// <summary>The scheduled rules of the policies in force.</summary>
    public IReadOnlyList<ScheduledRule> Schedules { get; private set; } = [];

    /// <summary>Puts policies in force. Timers and windows of unchanged policies are kept.</summary>
    public void Use(PolicySet policies) => throw new NotSupportedException();

    /// <summary>The policy that governs an app; null for none.</summary>
    public Policy? PolicyOf(AppRef app) => throw new NotSupportedException();

    /// <summary>What the collector has to gather for these apps; each pair of app and query once.</summary>
    public IReadOnlyList<MetricDemand> Demands(IReadOnlyCollection<AppRef> apps) => throw new NotSupportedException();

    /// <summary>
    /// Decides one app's count at one tick. Null where no policy governs it.
    /// A hold that says the same as the last tick's is the same object (its <see cref="Decision.At"/> is when it began), so that
    /// a quiet cluster costs no memory; <see cref="Explain"/> gives the last tick's values at any time.
    /// </summary>
    public Decision? Decide(AppRef app, in AppFacts facts, IMetricReader metrics) => throw new NotSupportedException();

    /// <summary>The last tick's decision with that tick's values; null where the app was not decided yet.</summary>
    public Decision? Explain(string app) => throw new NotSupportedException();

    /// <summary>What the last tick saw of an app; null where it was not decided yet.</summary>
    public AppReport? Report(string app) => throw new NotSupportedException();

    /// <summary>Forgets an app that is gone.</summary>
    public void Forget(string app) => throw new NotSupportedException();
}
