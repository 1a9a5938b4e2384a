using LifecycleManager.Scheduler.Core.Definitions;

namespace LifecycleManager.Scheduler.Core.Instances;

/// <summary>Task ids in Marathon 1.11's form, <c>group_app.instance-uuid._app.1</c>.</summary>
internal static class TaskIds
{
    private const string Suffix = "._app.1";
    private const string Infix = ".instance-";

    /// <summary>A new id.</summary>
    public static string Make(AppId app, Guid unique) => $"{app.Safe}{Infix}{unique:D}{Suffix}";

    /// <summary>What the ids of the tasks of a new instance of a pod begin with: <c>pod_path.instance-uuid</c>.</summary>
    public static string MakePod(AppId pod, Guid unique) => $"{pod.Safe}{Infix}{unique:D}";

    /// <summary>The instance and the container of a pod's task; null where the id has no such form.</summary>
    public static (string Instance, string Container)? OfPod(string taskId)
    {
        var dot = taskId.LastIndexOf('.');
        return dot <= 0 || taskId.EndsWith(Suffix, StringComparison.Ordinal) ? null : (taskId[..dot], taskId[(dot + 1)..]);
    }

    /// <summary>The id without the task's part: Marathon's instance id.</summary>
    public static string InstanceOf(string taskId) =>
        taskId.EndsWith(Suffix, StringComparison.Ordinal) ? taskId[..^Suffix.Length] : taskId;

    /// <summary>Whether the id has the form that this scheduler gives.</summary>
    public static bool IsOurs(string taskId) =>
        taskId.EndsWith(Suffix, StringComparison.Ordinal) && taskId.Contains(Infix, StringComparison.Ordinal);

    /// <summary>The app's path as far as the id tells it: a <c>_</c> may have been a <c>/</c>.</summary>
    public static string AppPathOf(string taskId)
    {
        var end = taskId.LastIndexOf(Infix, StringComparison.Ordinal);
        return "/" + (end < 0 ? taskId : taskId[..end]).Replace('_', '/');
    }
}
