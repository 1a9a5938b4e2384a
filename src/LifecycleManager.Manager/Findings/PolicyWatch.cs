using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools;
using LifecycleManager.Metrics.Core.Queries;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Findings;

/// <summary>
/// Looks once a minute whether policies in force have an effect: for health, the API, the console and the log. What is told in
/// other ways (a source that does not answer) is none of it.
/// </summary>
/// <param name="policies">The policies in force.</param>
/// <param name="metrics">Reads metrics.</param>
/// <param name="extremes">What metrics have been.</param>
/// <param name="log">Gets what is found, once, and what is over.</param>
internal sealed class PolicyWatch(Func<PolicySet> policies, IMetricReader metrics, MetricExtremes extremes, ILogger log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private DateTimeOffset _last = DateTimeOffset.MinValue;
    private PolicySet? _policies;
    private IReadOnlyList<PolicyProblem> _found = [];

    /// <summary>What is found as of the last look.</summary>
    /// <param name="apps">All of the target's apps.</param>
    /// <param name="now">The present.</param>
    public IReadOnlyList<PolicyProblem> Look(IEnumerable<AppRef> apps, DateTimeOffset now)
    {
        var set = policies();
        // Policies that have just been read have metrics that nobody has asked for yet: those are no finding.
        if (ReferenceEquals(set, _policies) && now - _last < Interval && now >= _last) return _found;
        (_policies, _last) = (set, now);
        var found = LiveCheck.Of(set, new LiveFacts([.. apps], metrics, now)
        {
            Range = (app, name) => extremes.Of(app, name, now),
            LeastCovered = TimeSpan.FromDays(1),
        }).Where(problem => problem.Code != LiveCheck.MetricSilent).ToList();
        var (before, after) = (Keys(_found), Keys(found));
        foreach (var problem in found.Where(problem => !before.Contains(Key(problem)))) log.LogWarning("{Finding}", problem);
        foreach (var over in _found.Where(problem => !after.Contains(Key(problem))))
            log.LogInformation("No longer so: {Finding}", over);
        return _found = found;
    }

    // The values in a message change with each look.
    private static string Key(PolicyProblem problem) => $"{problem.File}:{problem.Line}:{problem.Column} {problem.Code}";

    private static HashSet<string> Keys(IEnumerable<PolicyProblem> problems) => [.. problems.Select(Key)];
}
