using LifecycleManager.Decisions.Policies;
using LifecycleManager.Scaling.Evaluation;
using LifecycleManager.Scaling.Status;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Scaling.Api;

/// <summary><c>/v1/policies</c> and <c>/v1/schedules</c>.</summary>
internal static class PoliciesApi
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/policies", http =>
        {
            var answer = Policies(
                http.RequestServices.GetRequiredService<PolicyDirectory>(),
                http.RequestServices.GetRequiredService<ManagerState>().Snapshot);
            return ManagerApi.WriteAsync(http, answer, ManagerJson.Default.PoliciesAnswer);
        });
        app.MapGet("/v1/schedules", http =>
        {
            var now = http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
            var answer = new SchedulesAnswer(Schedules(http.RequestServices.GetRequiredService<PolicyDirectory>().Current, now));
            return ManagerApi.WriteAsync(http, answer, ManagerJson.Default.SchedulesAnswer);
        });
    }

    public static IReadOnlyList<ScheduleAnswer> Schedules(PolicySet policies, DateTimeOffset now, string? policy = null) =>
    [
        .. policies.Schedules.Where(rule => policy is null || rule.Policy == policy).Select(rule => new ScheduleAnswer(
            rule.Policy, rule.Rule, rule.Cron, rule.Until, rule.Zone.Id, rule.IsActive(now), rule.NextChange(now))),
    ];

    private static PoliciesAnswer Policies(PolicyDirectory directory, ManagerSnapshot snapshot)
    {
        var files = directory.Files;
        var refused = files.Where(file => file.Refused).Select(file => file.File).ToHashSet(StringComparer.Ordinal);
        var apps = snapshot.Apps.Values.ToLookup(app => app.Policy, app => app.App, StringComparer.Ordinal);
        return new PoliciesAnswer(
            [.. directory.Current.Policies.Select(policy => new PolicyAnswer
            {
                Name = policy.Name,
                File = policy.Place.File,
                Place = policy.Place.ToString(),
                State = refused.Contains(policy.Place.File) ? "lastGood" : "inForce",
                App = policy.App.Text,
                Min = policy.Instances.Min,
                Max = policy.Instances.Max,
                Priority = policy.Priority,
                DryRun = policy.DryRun,
                Pause = policy.Pause,
                Rules = [.. policy.Rules.Select(rule => rule.Name)],
                Metrics = [.. policy.Metrics.Select(metric => metric.Name)],
                Apps = [.. apps[policy.Name]],
            })],
            [.. files.Select(file => new PolicyFileAnswer(
                file.File,
                !file.Refused ? "inForce" : file.Policies.Count > 0 ? "lastGood" : "refused",
                file.LoadedAt,
                file.Policies,
                [.. file.Problems.Select(Answer)]))],
            [.. directory.Problems.Select(Answer)]);
    }

    public static PolicyProblemAnswer Answer(PolicyProblem problem) => new(
        $"{problem.File}:{problem.Line}:{problem.Column}", problem.File, problem.Line, problem.Column,
        problem.Severity == PolicySeverity.Error ? "error" : "warning", problem.Message, problem.Suggestion, problem.Code);
}
