using System.Globalization;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Decisions.Tools.Analysis;

/// <summary>Schedules that say something without meaning it: that are over, or that contradict each other.</summary>
internal sealed class ScheduleAnalysis
{
    private const int MostFires = 300;
    private const int MostFindings = 100;
    private static readonly TimeSpan Ahead = TimeSpan.FromDays(30);
    private readonly Dictionary<ScalingSchedule, List<Window>> _windows = new(ReferenceEqualityComparer.Instance);
    private readonly DateTimeOffset _now;

    private ScheduleAnalysis(DateTimeOffset now) => _now = now;

    /// <summary>The findings, by the order of the files.</summary>
    /// <param name="jobs">The schedules.</param>
    /// <param name="governance">The policies.</param>
    /// <param name="now">The present: what is over, and what comes in the next 30 days, depends on it.</param>
    public static IEnumerable<PolicyProblem> Of(IReadOnlyList<ScalingSchedule> jobs, Governance governance, DateTimeOffset now)
    {
        var analysis = new ScheduleAnalysis(now);
        return jobs.SelectMany(job => analysis.Alone(job, governance)).Concat(analysis.Contradictions(jobs).Take(MostFindings));
    }

    private IEnumerable<PolicyProblem> Alone(ScalingSchedule job, Governance governance)
    {
        if (job.NextFire(_now) is null)
        {
            yield return PolicyAnalysis.Warn(job.Place, "never-fires", $"the schedule '{job.Name}' never fires again: "
                + (job.When.Next(_now) is null ? $"'{job.When}' is over" : "'days' leaves out each day on which it would"));
        }

        if (job is { End.Then: { } then, App: { IsExact: true, Ids: var ids } } && ids.All(id => governance.Of(id) is not null))
        {
            yield return PolicyAnalysis.Warn(job.Place, "no-effect",
                $"'then: {then}' of the schedule '{job.Name}' sets nothing: "
                    + "its apps have policies, which decide once it has ended");
        }
    }

    private IEnumerable<PolicyProblem> Contradictions(IReadOnlyList<ScalingSchedule> jobs)
    {
        foreach (var (one, other) in Pairs(jobs))
        {
            if (!Contradict(one.Count, other.Count) || !MayMeet(one.App, other.App)) continue;
            if (Clash(Windows(one), Windows(other)) is not { } at) continue;
            var when = LocalTimes.Of(at, other.Zone).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
            yield return PolicyAnalysis.Warn(other.Place, "contradiction",
                $"the schedules '{one.Name}' and '{other.Name}' contradict each other: {one.Count} and {other.Count} of "
                    + $"{other.App.Text} at {when} ({other.Zone.Id})",
                $"'{one.Name}' is at {one.Place}; let one end before the other begins");
        }
    }

    /// <summary>Pairs that may have an app in common: those of single apps are found by their ids.</summary>
    private static IEnumerable<(ScalingSchedule, ScalingSchedule)> Pairs(IReadOnlyList<ScalingSchedule> jobs)
    {
        var (byId, others) = (new Dictionary<string, List<ScalingSchedule>>(StringComparer.Ordinal), new List<ScalingSchedule>());
        foreach (var (i, job) in jobs.Index())
        {
            if (!job.App.IsExact)
            {
                foreach (var before in jobs.Take(i)) yield return (before, job);
                others.Add(job);
                continue;
            }

            var near = job.App.Ids.SelectMany(id => byId.GetValueOrDefault(id) ?? []);
            foreach (var before in near.Distinct().Concat(others)) yield return (before, job);
            foreach (var id in job.App.Ids)
            {
                if (!byId.TryGetValue(id, out var same)) byId.Add(id, same = []);
                same.Add(job);
            }
        }
    }

    /// <summary>What labels alone would join is left out, unless both say the same.</summary>
    private static bool MayMeet(AppSelector one, AppSelector other) => one.Text == other.Text
        || (SelectorOverlap.CanMeet(one, other) && SelectorOverlap.HaveIdsInCommon(one, other));

    private static bool Contradict(ScheduledCount one, ScheduledCount other) =>
        Math.Max(Least(one), Least(other)) > Math.Min(Most(one), Most(other));

    private static int Least(ScheduledCount count) => count.Exactly ?? count.AtLeast ?? 0;

    private static int Most(ScheduledCount count) => count.Exactly ?? count.AtMost ?? int.MaxValue;

    /// <summary>The first instant at which windows of both are open.</summary>
    private static DateTimeOffset? Clash(List<Window> one, List<Window> other)
    {
        for (var (i, j) = (0, 0); i < one.Count && j < other.Count;)
        {
            var (a, b) = (one[i], other[j]);
            var start = a.Start > b.Start ? a.Start : b.Start;
            if (a.Start == b.Start || (start < a.End && start < b.End)
                || (a.End == a.Start && start == a.Start && start < b.End)
                || (b.End == b.Start && start == b.Start && start < a.End)) return start;
            if (a.End < b.End || (a.End == b.End && a.Start < b.Start)) i++;
            else j++;
        }

        return null;
    }

    /// <summary>From fires to ends; what has no end is a moment.</summary>
    private List<Window> Windows(ScalingSchedule job)
    {
        if (_windows.TryGetValue(job, out var windows)) return windows;
        windows = [];
        for (var after = _now; windows.Count < MostFires && job.NextFire(after) is { } fire && fire <= _now + Ahead; after = fire)
            windows.Add(new Window(fire, job.End?.Latest(fire) ?? fire));
        return _windows[job] = windows;
    }

    private sealed record Window(DateTimeOffset Start, DateTimeOffset End);
}
