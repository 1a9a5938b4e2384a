using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Policies;

/// <summary>
/// What coordinations and code read of apps has to be gathered, too: a metric that a policy names and no rule of its own reads.
/// </summary>
internal static class CoordinatedReads
{
    /// <summary>The policies, with what coordinations read of the apps that they may govern.</summary>
    public static IReadOnlyList<Policy> AddTo(IReadOnlyList<Policy> policies, IReadOnlyList<Coordination> coordinations)
    {
        var wanted = Of(coordinations).ToLookup(read => read.Metric, read => read.Apps, StringComparer.Ordinal);
        return wanted.Count == 0 ? policies : [.. policies.Select(policy =>
            Add(policy, metric => wanted[metric.Name].Any(apps => IsOf(policy, apps))))];
    }

    /// <summary>
    /// The policies with every metric that they name read: rules that are code may ask for any of them by its name.
    /// </summary>
    public static IReadOnlyList<Policy> AddAll(IReadOnlyList<Policy> policies) =>
        [.. policies.Select(policy => Add(policy, _ => true))];

    /// <summary>Whether a metric has a value to read: a histogram without a quantile has none.</summary>
    public static bool HasValue(PolicyMetric metric) =>
        metric.Query.Source != MetricSource.Histogram || !double.IsNaN(metric.Query.Quantile);

    /// <summary>Whether coordinations read a metric of apps that a policy may govern.</summary>
    public static bool IsRead(string metric, Policy policy, IEnumerable<Coordination> coordinations) =>
        Of(coordinations).Any(read => read.Metric == metric && IsOf(policy, read.Apps));

    private static IEnumerable<(string Metric, AppSelector? Apps)> Of(IEnumerable<Coordination> coordinations) =>
        coordinations.SelectMany(coordination => coordination.Rules.SelectMany(rule => rule.Reads).Where(read => read.IsMetric)
            .Select(read => (read.Field, coordination.Apps.First(alias => alias.Name == read.Alias).Apps))).Distinct();

    private static bool IsOf(Policy policy, AppSelector? apps) => apps is null || SelectorOverlap.CanMeet(policy.App, apps);

    private static Policy Add(Policy policy, Func<PolicyMetric, bool> isWanted)
    {
        var more = policy.Metrics.Where(metric => HasValue(metric) && isWanted(metric)
            && !policy.Reads.Any(read => read.Text == metric.Name)).ToList();
        if (more.Count == 0) return policy;
        return policy with
        {
            Reads = [.. policy.Reads, .. more.Select(metric => new MetricRead(metric.Name, metric.Query, double.NaN, metric.OnIdle))],
            Digest = $"{policy.Digest}+{string.Join(',', more.Select(metric => metric.Name))}",
        };
    }
}
