using LifecycleManager.Scheduler.Definitions;

namespace LifecycleManager.Scheduler.Api;

/// <summary>
/// Ids under which something is stored that cannot be read: whatever is asked of them is answered with the reason, but for a
/// definition that is put in its place.
/// </summary>
internal static class UnreadableIds
{
    /// <summary>Checks the id of a request's path.</summary>
    /// <param name="request">The request.</param>
    /// <param name="pattern">The pattern of its path.</param>
    /// <exception cref="UnreadableStateException">What is stored under it cannot be read.</exception>
    public static void Check(ApiRequest request, string pattern)
    {
        if (request.Snapshot.Unreadable is var unreadable && unreadable == State.Unreadable.Nothing) return;
        if (pattern.StartsWith("/v2/apps/", StringComparison.Ordinal))
        {
            var path = AppPath.Parse(request.Path);
            if (path.Part is not null || request.Method != "PUT") Check(request, path.Id);
        }
        else if (pattern.StartsWith("/v2/pods/", StringComparison.Ordinal))
        {
            var id = request.Path.Split("::")[0];
            if (id != request.Path || request.Method != "PUT") Check(request, AppId.Resolve("/" + id, AppId.Root));
        }
        else if (pattern.StartsWith("/v2/deployments/{id}", StringComparison.Ordinal))
        {
            var id = (string)request.Context.Request.RouteValues["id"]!;
            var isForgotten = request.Method == "DELETE" && request.Force;
            if (!isForgotten && unreadable.Deployments.TryGetValue(id, out var reason))
                throw UnreadableStateException.Deployment(id, reason);
        }
        else if (pattern.StartsWith("/v2/groups", StringComparison.Ordinal) && unreadable.Groups is { } groups
            && request.Method is not ("PUT" or "POST"))
        {
            throw UnreadableStateException.Groups(groups);
        }
    }

    /// <summary>Checks an app's or pod's id.</summary>
    /// <exception cref="UnreadableStateException">What is stored under it cannot be read.</exception>
    public static void Check(ApiRequest request, AppId id)
    {
        if (request.Snapshot.Unreadable.Apps.TryGetValue(id, out var reason)) throw UnreadableStateException.App(id, reason);
    }
}
