using System.Text;
using System.Text.Json;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Checkpoints;

/// <summary>
/// A task's record as the operating system and the Docker engine keep it, while the task runs: in the environment of its
/// supervisor, in a label of its container. What only a launch needs is not in it: commands, variables and artifacts may
/// hold secrets, and labels are read by many.
/// </summary>
internal static class TaskMark
{
    /// <summary>In the environment of a task's processes: the agent's <see cref="AgentRecord.Home"/>.</summary>
    public const string HomeVariable = "MESOS_AGENT_HOME";

    /// <summary>In the environment of a task's supervisor alone: the mark.</summary>
    public const string RecordVariable = "MESOS_TASK_RECORD";

    /// <summary>A container's label with the mark.</summary>
    public const string RecordLabel = "lcm.record";

    // Linux takes no variable of more than 128 KiB.
    private const int MaxLength = 100_000;

    /// <summary>The mark of a task: JSON in ASCII, with a sum.</summary>
    /// <exception cref="FormatException">Ids and resources alone are too long for one.</exception>
    public static string Of(TaskRecord record)
    {
        var lean = Lean(record);
        var mark = Write(lean);
        if (mark.Length > MaxLength) mark = Write(Leanest(lean));
        if (mark.Length > MaxLength) throw new FormatException($"the task's ids and resources are longer than {MaxLength} bytes");
        return mark;
    }

    /// <summary>The task of a mark; null when it is none, or a damaged one.</summary>
    public static TaskRecord? Parse(string? mark) => mark is not null
        && DurableFile.Parse(Encoding.UTF8.GetBytes(mark), CheckpointJson.Default.TaskRecord) is { IsWhole: true } record
            ? record with { Origin = RecordOrigin.Mark } : null;

    private static string Write(TaskRecord record) =>
        Encoding.ASCII.GetString(Checksum.Seal(JsonSerializer.SerializeToUtf8Bytes(record, CheckpointJson.Default.TaskRecord)));

    private static TaskRecord Lean(TaskRecord record) => record with
    {
        Task = record.Task with
        {
            Data = null,
            Command = record.Task.Command?.User is { } user ? new CommandInfo { User = user } : null,
            Container = record.Task.Container is { Docker: { } docker } container
                ? container with { Docker = docker with { Parameters = null } } : record.Task.Container,
            Executor = record.Task.Executor is { } executor
                ? executor with { Command = null, Container = null, Data = null } : null,
        },
    };

    private static TaskRecord Leanest(TaskRecord record) => record with
    {
        Framework = record.Framework with { Labels = null },
        Task = record.Task with { Labels = null, Discovery = null, HealthCheck = null, Check = null },
    };
}
