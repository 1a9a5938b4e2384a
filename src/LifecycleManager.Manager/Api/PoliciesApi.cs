using LifecycleManager.Decisions;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Leadership;
using LifecycleManager.Manager.Ownership;
using LifecycleManager.Manager.Status;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Manager.Api;

/// <summary><c>/v1/policies</c>.</summary>
internal static class PoliciesApi
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/policies", http =>
        {
            var answer = Policies(
                http.RequestServices.GetRequiredService<PolicyDirectory>(),
                http.RequestServices.GetRequiredService<ManagerState>().Snapshot,
                http.RequestServices.GetRequiredService<LeadersRules>().Digest);
            return ManagerApi.WriteAsync(http, Seen(answer, http), ManagerJson.Default.PoliciesAnswer);
        }).AsksByApp();
        app.MapPost("/v1/policies/{name}/end", EndAsync);
    }

    /// <summary>The scheduled rules of policies.</summary>
    public static IReadOnlyList<ScheduleAnswer> Schedules(PolicySet policies, DateTimeOffset now, string? policy = null) =>
    [
        .. policies.Schedules.Where(rule => policy is null || rule.Policy == policy).Select(rule => new ScheduleAnswer(
            rule.Policy, rule.Rule, rule.Cron, rule.Until, rule.Zone.Id, rule.IsActive(now), rule.NextChange(now))),
    ];

    /// <summary>
    /// Ends a policy that is in force, or owns counts at the target, though its file is gone. The same file puts it in force
    /// again.
    /// </summary>
    private static async Task EndAsync(HttpContext http)
    {
        var name = (string)http.Request.RouteValues["name"]!;
        if (http.RequestServices.GetRequiredService<ManagerState>().Term is not { Fence: { } fence } term)
        {
            await ManagerApi.RedirectToLeaderAsync(http);
            return;
        }

        var directory = http.RequestServices.GetRequiredService<PolicyDirectory>();
        var file = directory.Files.FirstOrDefault(file => file.Policies.Contains(name));
        if (file is { GoneSince: null })
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status409Conflict,
                $"{file.File} is there, and the policy '{name}' with it: delete the file, or what it says of the policy");
            return;
        }

        if (file is null && !term.UnknownOwners.Contains(CountOwners.Of(name)))
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status404NotFound,
                $"no policy '{name}' is in force, and none of that name owns a count at the target");
            return;
        }

        await ManagerApi.StoreAsync(http, async () =>
        {
            var now = http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
            var ended = new EndedPolicy(name, now, AccessControl.PrincipalOf(http)?.Name);
            await term.Ended.AddAsync(ended, fence, http.RequestAborted);
            var reason = file is null ? null : directory.End(name);
            if (reason is not null) await ManagerApi.RefuseAsync(http, StatusCodes.Status409Conflict, reason);
            else
            {
                await Audit.RecordAsync(
                    http, "policy ended", name, null, ended, EndedPolicyJson.Default.EndedPolicy);
                var back = term.Stop.Current is { } stop ? $"are given back once changes are started again: all are {stop}"
                    : "are given back";
                await ManagerApi.WriteAsync(http, new EndAnswer(name, $"the policy '{name}' is ended; its counts {back}"),
                    ManagerJson.Default.EndAnswer);
            }
        });
    }

    /// <summary>
    /// Of who may not see all apps, the policies that govern one that he may see, with those apps: files, coordinations and
    /// budgets are about apps of several groups.
    /// </summary>
    private static PoliciesAnswer Seen(PoliciesAnswer answer, HttpContext http)
    {
        if (AccessControl.ScopeOf(http).MayEverywhere(GroupPermission.View)) return answer;
        var policies = answer.Policies.Select(policy => policy with
        {
            Apps = [.. policy.Apps.Where(app => ManagerApi.Sees(http, app))],
        });
        return new PoliciesAnswer([.. policies.Where(policy => policy.Apps.Count > 0)], [], [])
        {
            Coordinations = [],
            Budgets = [],
            Digest = answer.Digest,
            LeaderDigest = answer.LeaderDigest,
        };
    }

    private static PoliciesAnswer Policies(PolicyDirectory directory, ManagerSnapshot snapshot, string? leaderDigest)
    {
        var (current, problems, files) = directory.Seen;
        var refused = files.Where(file => file.Refused).Select(file => file.File).ToHashSet(StringComparer.Ordinal);
        var gone = files.Where(file => file.GoneSince is not null).Select(file => file.File).ToHashSet(StringComparer.Ordinal);
        var apps = snapshot.Apps.Values.ToLookup(app => app.Policy, app => app.App, StringComparer.Ordinal);
        // A finding is at a place of its policy: the last one that begins before it.
        var findings = snapshot.Findings.ToLookup(finding => current.Policies.LastOrDefault(policy =>
            policy.Place.File == finding.File && policy.Place.Line <= finding.Line));
        return new PoliciesAnswer(
            [.. current.Policies.Select(policy => new PolicyAnswer
            {
                Name = policy.Name,
                File = policy.Place.File,
                Place = policy.Place.ToString(),
                State = State(policy.Place),
                App = policy.App.Text,
                Min = policy.Instances.Min,
                Max = policy.Instances.Max,
                Priority = policy.Priority,
                DryRun = policy.DryRun,
                Pause = policy.Pause,
                Rules = [.. policy.Rules.Select(rule => rule.Name)],
                Metrics = [.. policy.Metrics.Select(metric => metric.Name)],
                Apps = [.. apps[policy.Name]],
                Findings = [.. findings[policy].Select(Answer)],
            })],
            [.. files.Select(file => new PolicyFileAnswer(
                file.File,
                file.GoneSince is not null ? "gone" : !file.Refused ? "inForce"
                    : file.Policies.Count > 0 ? "lastGood" : "refused",
                file.LoadedAt,
                file.Policies,
                [.. file.Problems.Select(Answer)],
                file.GoneSince))],
            [.. problems.Select(Answer)])
        {
            Coordinations = [.. current.Coordinations.Select(coordination => new CoordinationAnswer(
                coordination.Name, coordination.Place.File, coordination.Place.ToString(), State(coordination.Place),
                coordination.DryRun,
                coordination.Apps.ToDictionary(
                    alias => alias.Name, alias => alias.Apps?.Text ?? $"dependencies of {alias.DependenciesOf}"),
                [.. coordination.Rules.Select(rule => rule.Name)]))],
            Digest = current.Digest,
            LeaderDigest = leaderDigest,
            Budgets = [.. current.Budgets.Select(budget => new BudgetAnswer(
                budget.Name, budget.Place.File, budget.Place.ToString(), State(budget.Place), budget.Apps.Text,
                budget.Instances, budget.Cpus, budget.Memory, budget.Cost,
                snapshot.Budgets.FirstOrDefault(use => use.Budget.Name == budget.Name) is { } use
                    ? new BudgetUseAnswer(use.Instances, use.Cpus, use.Memory, use.Cost) : null))],
        };

        string State(SourcePlace place) => gone.Contains(place.File) ? "fileGone"
            : refused.Contains(place.File) ? "lastGood" : "inForce";
    }

    public static PolicyProblemAnswer Answer(PolicyProblem problem) => new(
        $"{problem.File}:{problem.Line}:{problem.Column}", problem.File, problem.Line, problem.Column,
        problem.Severity == PolicySeverity.Error ? "error" : "warning", problem.Message, problem.Suggestion, problem.Code);
}
