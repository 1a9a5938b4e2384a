using LifecycleManager.Scheduler.Definitions;

namespace LifecycleManager.Scheduler.Api;

/// <summary>What stands behind <c>/v2/apps/</c>: an id, which is a path itself, and what is asked of it.</summary>
/// <param name="Id">The app, or the group of a wildcard.</param>
/// <param name="IsWildcard">The id ended with <c>*</c>: all apps of the group and below.</param>
/// <param name="Part"><c>restart</c>, <c>tasks</c>, <c>versions</c>, or null for the app itself.</param>
/// <param name="Argument">The task's id or the version.</param>
internal readonly record struct AppPath(AppId Id, bool IsWildcard, string? Part, string? Argument)
{
    public static AppPath Parse(string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries).ToList();
        string? part = null, argument = null;
        if (parts is [.., _, "restart" or "tasks" or "versions"])
        {
            part = parts[^1];
            parts.RemoveAt(parts.Count - 1);
        }
        else if (parts is [.., _, "tasks" or "versions", _])
        {
            (part, argument) = (parts[^2], parts[^1]);
            parts.RemoveRange(parts.Count - 2, 2);
        }

        var wildcard = parts is [.., "*"];
        if (wildcard) parts.RemoveAt(parts.Count - 1);
        return new AppPath(AppId.Resolve("/" + string.Join('/', parts), AppId.Root), wildcard, part, argument);
    }
}
