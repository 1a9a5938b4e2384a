using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Expressions;

/// <summary>A metric of a policy, by the name its expressions use.</summary>
/// <param name="Name">The name.</param>
/// <param name="Query">What to read.</param>
/// <param name="Place">Where it is defined.</param>
public sealed record PolicyMetric(string Name, MetricQuery Query, SourcePlace Place);

/// <summary>One value that a policy's rules read each tick.</summary>
/// <param name="Text">As the rules write it: <c>tpm</c>, <c>avg(tpm, 5m)</c>.</param>
/// <param name="Query">What is asked of the reader.</param>
/// <param name="InstanceQuantile">The quantile over the instances, or NaN to take the reader's own join.</param>
internal sealed record MetricRead(string Text, MetricQuery Query, double InstanceQuantile);
