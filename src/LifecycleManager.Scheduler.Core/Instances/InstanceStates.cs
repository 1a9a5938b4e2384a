using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Scheduler.Core.Instances;

/// <summary>What the states mean, and their names on the wire.</summary>
internal static class InstanceStates
{
    /// <summary>The instance can never run again.</summary>
    public static bool IsTerminal(this InstanceState state) => state >= InstanceState.Finished;

    /// <summary>On its way to running.</summary>
    public static bool IsComingUp(this InstanceState state) =>
        state is InstanceState.Provisioned or InstanceState.Staging or InstanceState.Starting;

    /// <summary>The agent does not answer.</summary>
    public static bool IsUnreachable(this InstanceState state) =>
        state is InstanceState.Unreachable or InstanceState.UnreachableInactive;

    /// <summary>The end counts against the app: its next launch is delayed.</summary>
    public static bool IsFailure(this InstanceState state) =>
        state is InstanceState.Finished or InstanceState.Failed or InstanceState.Error or InstanceState.Dropped
        or InstanceState.Gone;

    /// <summary>From Mesos' state.</summary>
    public static InstanceState From(TaskState state) => state switch
    {
        TaskState.Staging => InstanceState.Staging,
        TaskState.Starting => InstanceState.Starting,
        TaskState.Running => InstanceState.Running,
        TaskState.Killing => InstanceState.Killing,
        TaskState.Unreachable => InstanceState.Unreachable,
        TaskState.Finished => InstanceState.Finished,
        TaskState.Failed => InstanceState.Failed,
        TaskState.Killed => InstanceState.Killed,
        TaskState.Error => InstanceState.Error,
        TaskState.Dropped => InstanceState.Dropped,
        TaskState.Lost or TaskState.Gone or TaskState.GoneByOperator => InstanceState.Gone,
        _ => InstanceState.Unknown,
    };

    /// <summary>Mesos' name, <c>TASK_RUNNING</c>, as <c>/v2/tasks</c> shows it.</summary>
    public static string MesosName(this InstanceState state) => state switch
    {
        InstanceState.Provisioned => "TASK_STAGING",
        InstanceState.UnreachableInactive => "TASK_UNREACHABLE",
        _ => "TASK_" + state.ToString().ToUpperInvariant(),
    };

    /// <summary>Marathon's name of the condition, as events and pods show it.</summary>
    public static string ConditionName(this InstanceState state) => state switch
    {
        InstanceState.UnreachableInactive => "UnreachableInactive",
        _ => state.ToString(),
    };
}
