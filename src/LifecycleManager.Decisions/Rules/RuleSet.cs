using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;

namespace LifecycleManager.Decisions.Rules;

/// <summary>What a policy has its apps matched with.</summary>
/// <param name="Rules">The rules, in the order of the file.</param>
/// <param name="Reads">What they read, in slot order after the facts.</param>
/// <param name="Bounds">The bounds that no rule may leave.</param>
internal sealed record RuleSet(Rule[] Rules, MetricRead[] Reads, InstanceBounds Bounds);
