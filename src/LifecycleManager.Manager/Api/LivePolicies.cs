using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Findings;
using LifecycleManager.Metrics;
using LifecycleManager.Metrics.Core.Queries;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Manager.Api;

/// <summary>Looks at policies, in force or not, beside the target's apps and what those tell.</summary>
internal static class LivePolicies
{
    /// <summary>Of so many apps a policy, and so many metrics together, it is asked what is not collected.</summary>
    private const int MostApps = 3;

    private const int MostDemands = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);

    /// <summary>The findings.</summary>
    /// <exception cref="RefusedException">This manager does not lead, or has not seen the target yet.</exception>
    public static async Task<IReadOnlyList<PolicyProblem>> CheckAsync(
        HttpContext http, PolicySet set, CancellationToken cancellation)
    {
        var (state, time) = (http.RequestServices.GetRequiredService<ManagerState>(),
            http.RequestServices.GetRequiredService<TimeProvider>());
        if (state.Term is null) throw new RefusedException("live", "live: only the leading manager knows the target's apps");
        if (state.Snapshot.TargetApps is not { } apps)
            throw new RefusedException("live", "live: the target's apps have not been read yet; try again in a moment");
        var (sources, extremes) = (http.RequestServices.GetRequiredService<EvaluationSources>(),
            http.RequestServices.GetRequiredService<MetricExtremes>());
        var unknown = LiveCheck.Demands(set, apps, MostApps).Where(demand => IsUnasked(sources.Metrics, demand, time.GetUtcNow()))
            .Distinct().Take(MostDemands).ToList();
        var reader = sources.Metrics;
        if (unknown.Count > 0)
        {
            var readings = await MetricsProbe.ReadAsync(http.RequestServices.GetRequiredService<CollectorOptions>(), unknown,
                Patience, time, cancellation);
            reader = new Asked(reader, unknown.Zip(readings)
                .ToDictionary(pair => (pair.First.App, pair.First.Query), pair => pair.Second));
        }

        var now = time.GetUtcNow();
        return LiveCheck.Of(set, new LiveFacts(apps, reader, now) { Range = (app, name) => extremes.Of(app, name, now) });
    }

    private static bool IsUnasked(IMetricReader reader, MetricDemand demand, DateTimeOffset now) =>
        reader.Read(demand.App, demand.Query, now) is { IsKnown: false, Source: SourceState.Unasked };

    /// <summary>What is collected, and what was asked for besides.</summary>
    private sealed class Asked(IMetricReader collected, Dictionary<(string, MetricQuery), MetricReading> readings) : IMetricReader
    {
        public MetricReading Read(string appId, MetricQuery query, DateTimeOffset now) =>
            readings.TryGetValue((appId, query), out var reading) ? reading : collected.Read(appId, query, now);

        public void ReadInstances(string appId, MetricQuery query, DateTimeOffset now, ICollection<InstanceReading> into) =>
            collected.ReadInstances(appId, query, now, into);
    }
}
