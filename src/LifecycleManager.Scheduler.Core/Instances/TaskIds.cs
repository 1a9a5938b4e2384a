using System.Globalization;
using LifecycleManager.Scheduler.Core.Definitions;

namespace LifecycleManager.Scheduler.Core.Instances;

/// <summary>
/// Task ids in Marathon 1.11's form, <c>group_app.instance-uuid._app.N</c>: N counts the tasks that one instance has had.
/// </summary>
internal static class TaskIds
{
    private const string Suffix = "._app.";
    private const string Infix = ".instance-";

    /// <summary>The id of a new instance's first task.</summary>
    public static string Make(AppId app, Guid unique) => $"{app.Safe}{Infix}{unique:D}{Suffix}1";

    /// <summary>The id of the next task of the same instance.</summary>
    /// <param name="taskId">The id of a task of an app.</param>
    public static string Next(string taskId)
    {
        var (instance, number) = Split(taskId) ?? throw new ArgumentException($"'{taskId}' is not of an app", nameof(taskId));
        return string.Create(CultureInfo.InvariantCulture, $"{instance}{Suffix}{number + 1}");
    }

    /// <summary>What the ids of the tasks of a new instance of a pod begin with: <c>pod_path.instance-uuid</c>.</summary>
    public static string MakePod(AppId pod, Guid unique) => $"{pod.Safe}{Infix}{unique:D}";

    /// <summary>The instance and the container of a pod's task; null where the id has no such form.</summary>
    public static (string Instance, string Container)? OfPod(string taskId)
    {
        var dot = taskId.LastIndexOf('.');
        return dot <= 0 || Split(taskId) is not null ? null : (taskId[..dot], taskId[(dot + 1)..]);
    }

    /// <summary>The id without the task's part: Marathon's instance id.</summary>
    public static string InstanceOf(string taskId) => Split(taskId)?.Instance ?? taskId;

    /// <summary>Whether the id has the form that this scheduler gives.</summary>
    public static bool IsOurs(string taskId) => Split(taskId)?.Instance.Contains(Infix, StringComparison.Ordinal) == true;

    /// <summary>The app's path as far as the id tells it: a <c>_</c> may have been a <c>/</c>.</summary>
    public static string AppPathOf(string taskId)
    {
        var end = taskId.LastIndexOf(Infix, StringComparison.Ordinal);
        return "/" + (end < 0 ? taskId : taskId[..end]).Replace('_', '/');
    }

    private static (string Instance, int Number)? Split(string taskId)
    {
        var at = taskId.LastIndexOf(Suffix, StringComparison.Ordinal);
        return at > 0 && int.TryParse(taskId.AsSpan(at + Suffix.Length), NumberStyles.None, CultureInfo.InvariantCulture,
            out var number) && number is > 0 and < int.MaxValue ? (taskId[..at], number) : null;
    }
}
