using LifecycleManager.Decisions.Recommending;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Recommending;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Manager.Api;

/// <summary>
/// <c>GET /v1/recommendations</c>: what apps ask for beside what they use, of all apps or of <c>?app=</c>. It changes nothing.
/// </summary>
internal static class RecommendationsApi
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/recommendations", GetAsync)
        .AsksByApp();

    private static async Task GetAsync(HttpContext http)
    {
        if (ManagerApi.HasUnknown(http, out var unknown, "app"))
        {
            await ManagerApi.RefuseAsync(
                http, StatusCodes.Status400BadRequest,
                $"unknown parameter '{unknown}': recommendations are filtered by app", unknown);
            return;
        }

        if (http.RequestServices.GetRequiredService<ManagerState>().Term is not { } term)
        {
            // Only the leader has seen anything.
            await ManagerApi.RedirectToLeaderAsync(http);
            return;
        }

        var app = (string?)http.Request.Query["app"] is { Length: > 0 } text ? "/" + text.Trim('/') : null;
        var found = term.Usage.Recommend(app);
        if (!AccessControl.ScopeOf(http).MayEverywhere(GroupPermission.View))
        {
            found = found with
            {
                Apps = [.. found.Apps.Where(one => ManagerApi.Sees(http, one.App))],
                LeftOut = 0,
                SetAside = [],
            };
        }

        if (app is not null && found is { Apps: [], IsListed: true })
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status404NotFound, $"there is no app '{app}'", "app");
            return;
        }

        await ManagerApi.WriteAsync(http, Answer(found), ManagerJson.Default.RecommendationsAnswer);
    }

    private static RecommendationsAnswer Answer(Recommendations found)
    {
        var known = found.Apps.Where(app => app.Advice.Cpus.Target is not null).ToList();
        return new RecommendationsAnswer(
            found.At, [.. found.Apps.Select(Answer)],
            new SizeTotals(
                found.Apps.Count, known.Count,
                Sum(found.Apps, app => app.Advice.Cpus.Asked, app => app.Advice.Memory.Asked),
                Sum(found.Apps, app => app.Advice.Cpus.Unused, app => app.Advice.Memory.Unused)))
        {
            Problem = found.Problem,
            LeftOut = found.LeftOut > 0 ? found.LeftOut : null,
            SetAside = found.SetAside.Count > 0 ? found.SetAside : null,
        };
    }

    private static SizeAnswer Answer(AppSize app) => new()
    {
        App = app.App,
        Instances = app.Instances,
        Cpus = app.Advice.Cpus,
        Mem = app.Advice.Memory,
        Waste = Sum([app], one => one.Advice.Cpus.Unused, one => one.Advice.Memory.Unused),
        Advice = app.Advice.Text,
        Put = app.Advice.IsToBeChanged ? new SizeBody(Changed(app.Advice.Cpus), Changed(app.Advice.Memory)) : null,
        Since = app.First,
        Until = app.Last,
        Samples = app.Samples,
        Days = Math.Round(app.Confidence, 3),
    };

    private static double? Changed(ResourceAdvice advice) =>
        advice.Verdict is SizeVerdict.TooMuch or SizeVerdict.TooLittle ? advice.Target : null;

    private static SizeAmounts Sum(IEnumerable<AppSize> apps, Func<AppSize, double?> cpus, Func<AppSize, double?> mem)
    {
        var (sumOfCpus, sumOfMem) = (0.0, 0.0);
        foreach (var app in apps)
        {
            sumOfCpus += (cpus(app) ?? 0) * app.Instances;
            sumOfMem += (mem(app) ?? 0) * app.Instances;
        }

        return new SizeAmounts(Math.Round(sumOfCpus, 3), Math.Round(sumOfMem, 1));
    }
}
