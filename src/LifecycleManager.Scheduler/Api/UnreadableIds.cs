using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Inputs;

namespace LifecycleManager.Scheduler.Api;

/// <summary>
/// Ids under which something is stored that cannot be read: whatever is asked of them is answered with the reason, but for a
/// definition that is put in its place.
/// </summary>
internal static class UnreadableIds
{
    /// <summary>Checks the id of a request's path.</summary>
    /// <param name="request">The request.</param>
    /// <param name="operation">What it asks for.</param>
    /// <exception cref="UnreadableStateException">What is stored under it cannot be read.</exception>
    public static void Check(ApiRequest request, ApiOperation operation)
    {
        if (request.Snapshot.Unreadable is var unreadable && unreadable == Unreadable.None) return;
        if (Is("/v2/apps/{**id}") || Is("/v2/pods/{**id}"))
        {
            var isReplaced = operation.Method == "PUT" && operation.Path.EndsWith('}');
            if (!isReplaced) Check(request, request.Id);
        }
        else if (Is("/v2/deployments/{id}"))
        {
            var id = request.Parameters["id"];
            var isForgotten = operation.Method == "DELETE" && request.Force;
            if (!isForgotten && unreadable.Deployments.TryGetValue(id, out var reason))
                throw UnreadableStateException.Deployment(id, reason);
        }
        else if (Is("/v2/groups") && unreadable.Groups is { } groups && operation.Method is not ("PUT" or "PATCH" or "POST"))
        {
            throw UnreadableStateException.Groups(groups);
        }

        bool Is(string path) => operation.Path.StartsWith(path, StringComparison.Ordinal);
    }

    /// <summary>Checks an app's or pod's id.</summary>
    /// <exception cref="UnreadableStateException">What is stored under it cannot be read.</exception>
    public static void Check(ApiRequest request, AppId id)
    {
        if (request.Snapshot.Unreadable.Apps.TryGetValue(id, out var reason)) throw UnreadableStateException.App(id, reason);
    }
}
