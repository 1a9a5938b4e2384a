using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Json;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Timing;
using LifecycleManager.Scheduler.Events;
using LifecycleManager.Scheduler.Leadership;
using LifecycleManager.Security;
using LifecycleManager.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scheduler.Api;

/// <summary>From what went wrong to Marathon's answers.</summary>
internal static class ApiErrors
{
    public static async Task AnswerAsync(ApiRequest request, Exception failure, ILogger log)
    {
        var response = request.Context.Response;
        if (failure is OperationCanceledException && request.Cancellation.IsCancellationRequested) return;
        if (response.HasStarted)
        {
            // Half an answer must not look whole.
            log.LogWarning(failure, "The response to {Method} {Path} was aborted", request.Method, request.Context.Request.Path);
            request.Context.Abort();
            return;
        }

        response.Clear();
        LeaderProxy.Mark(request);
        var (status, error) = failure is AppsForbiddenException forbidden ? Of(request, forbidden) : Of(failure);
        if (status == 500) log.LogError(failure, "{Method} {Path} failed", request.Method, request.Context.Request.Path);
        if (failure is ApiException { Allow: { } allow }) response.Headers.Allow = allow;
        if (status == 503) response.Headers.RetryAfter = "1";
        await request.JsonAsync(error, MarathonJson.Default.MarathonError, status);
    }

    /// <summary>What is wrong with a request that the server itself refuses.</summary>
    public static string WordsOf(BadHttpRequestException refused) => refused.StatusCode switch
    {
        StatusCodes.Status408RequestTimeout => "the body came too slowly",
        StatusCodes.Status413PayloadTooLarge => "the body is too large",
        _ => "the body is not as its headers say, or ended early",
    };

    private static (int Status, MarathonError Error) Of(ApiRequest request, AppsForbiddenException forbidden) => (403,
        new MarathonError
        {
            Message = AccessControl.Refused(request.Context, forbidden.Needed, forbidden.Apps, forbidden.Unseen),
        });

    private static (int Status, MarathonError Error) Of(Exception failure) => failure switch
    {
        ApiException api => (api.Status, new MarathonError { Message = api.Message, Details = api.Details }),
        MalformedJsonException malformed => (400, new MarathonError
        {
            Message = "Invalid JSON",
            Details = [new MarathonErrorDetail("", [malformed.Message])],
        }),
        ChangeRefusedException refused => (422, new MarathonError
        {
            Message = "Object is not valid",
            Details = [.. refused.Problems.GroupBy(problem => problem.Path)
                .Select(path => new MarathonErrorDetail(path.Key, [.. path.Select(problem => problem.Message)]))],
        }),
        AppLockedException locked => (409, new MarathonError
        {
            Message = locked.Message,
            Deployments = [.. locked.DeploymentIds.Select(id => new DeploymentRef(id))],
        }),
        CountConditionException found => (412, new MarathonError
        {
            Message = found.Message,
            Instances = found.Instances,
            CreatedAt = Timestamps.Write(found.CreatedAt),
        }),
        UnreadableStateException unreadable => (409, new MarathonError { Message = unreadable.Message }),
        DeploymentStateException state =>
            (409, new MarathonError { Message = state.Message, Deployments = [new DeploymentRef(state.DeploymentId)] }),
        AppNotFoundException or DeploymentNotFoundException => (404, new MarathonError { Message = failure.Message }),
        NotLeaderException or StoreRefusedException or StateUnavailableException or TooManySubscribersException =>
            (503, new MarathonError { Message = failure.Message }),
        BadHttpRequestException bad => (bad.StatusCode, new MarathonError { Message = WordsOf(bad) }),
        OperationCanceledException or TimeoutException =>
            (503, new MarathonError { Message = "the scheduler has stopped or changed its leader: ask again" }),
        _ => (500, new MarathonError { Message = "the request failed; the scheduler's log says why" }),
    };
}
