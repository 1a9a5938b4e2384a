using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Checkpoints;

/// <summary>
/// Where things are below the work directory: <c>agent.json</c>, twice; <c>tasks/CONTAINER</c> with what recovery needs;
/// <c>damaged/CONTAINER</c> with what recovery can make nothing of; and the sandboxes at Mesos' own paths,
/// <c>slaves/AGENT/frameworks/FRAMEWORK/executors/TASK/runs/CONTAINER</c>.
/// </summary>
internal sealed class AgentDirectory : IDisposable
{
    // Linux' EAGAIN, with which a lock that another has is refused.
    private const int Locked = 11;
    private readonly FileStream _lock;

    /// <summary>Opens the directory, alone.</summary>
    /// <exception cref="IOException">Another agent uses it, or it cannot be used; the message says which and why.</exception>
    public AgentDirectory(string root)
    {
        Root = Path.GetFullPath(root);
        try
        {
            DurableFile.MakeDirectory(Root);
            DurableFile.MakeDirectory(Tasks);
            DurableFile.MakeDirectory(Sandboxes);
            _lock = new FileStream(LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e.HResult == Locked)
        {
            throw new IOException($"another agent runs in {Root}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var reason = Directory.Exists(LockFile) ? $"{LockFile} is a directory" : e.Message;
            throw new IOException($"the work directory {Root} cannot be used: {reason}", e);
        }
    }

    public string Root { get; }

    /// <summary>The tasks' own directories.</summary>
    public string Tasks => Path.Combine(Root, "tasks");

    /// <summary>All sandboxes.</summary>
    public string Sandboxes => Path.Combine(Root, "slaves");

    private string LockFile => Path.Combine(Root, "lock");

    // Two of them: with neither, the agent would be another agent, and its master would have its tasks ended.
    private string[] AgentFiles => [Path.Combine(Root, "agent.json"), Path.Combine(Root, "agent.json.copy")];

    public string Meta(string containerId) => Path.Combine(Tasks, containerId);

    public string Sandbox(TaskRecord record) => Path.Combine(Runs(record), record.ContainerId);

    /// <summary>
    /// Writes a task down, durably: its two directories with <c>runs/latest</c>, the log of its status, and last
    /// <c>task.json</c>, without which nothing is started for it. What is there already of a task that was found stays.
    /// </summary>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    public void Write(TaskRecord record)
    {
        DurableFile.MakeDirectory(Meta(record.ContainerId));
        var runs = Runs(record);
        Directory.CreateDirectory(Path.Combine(runs, record.ContainerId));
        var latest = Path.Combine(runs, "latest");
        File.Delete(latest);
        File.CreateSymbolicLink(latest, record.ContainerId);
        StatusLog.Begin(UpdatesFile(record.ContainerId), record.ContainerId);
        DurableFile.Write(TaskFile(record.ContainerId), record, CheckpointJson.Default.TaskRecord);
    }

    /// <summary>
    /// Removes what a failed <see cref="Write(TaskRecord)"/> of a new task has left: nothing was in its sandbox.
    /// </summary>
    public void Undo(TaskRecord record)
    {
        Discard(record.ContainerId);
        var runs = Runs(record);
        Remove(IsAlone() ? Path.GetDirectoryName(runs)! : Sandbox(record));

        bool IsAlone()
        {
            try
            {
                return !Directory.Exists(runs) || Directory.EnumerateFileSystemEntries(runs).All(
                    path => Path.GetFileName(path) is var name && (name == "latest" || name == record.ContainerId));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
    }

    /// <summary>Removes what is written of a task, all or half of it; its sandbox stays until it is collected.</summary>
    public void Discard(string containerId) => Remove(Meta(containerId));

    private static void Remove(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is not there, or the next agent looks at it.
        }
    }

    /// <summary>A task as it was written; null when that is not there, or damaged.</summary>
    public TaskRecord? ReadTask(string containerId) =>
        DurableFile.Read(TaskFile(containerId), CheckpointJson.Default.TaskRecord) is { IsWhole: true } record
            && record.ContainerId == containerId ? record : null;

    /// <summary>Puts a task's directory away where a person can look at it.</summary>
    /// <returns>Where it is now.</returns>
    public string SetAside(string containerId)
    {
        var aside = Path.Combine(Root, "damaged", containerId);
        DurableFile.MakeDirectory(Path.GetDirectoryName(aside)!);
        if (Directory.Exists(aside)) Directory.Delete(aside, recursive: true);
        Directory.Move(Meta(containerId), aside);
        return aside;
    }

    /// <summary>What the agent knows of itself, by the first copy that is whole.</summary>
    /// <returns>The record, null when there is no whole one; and what is wrong with a copy, null when there is nothing, be it
    /// that there are none yet.</returns>
    public (AgentRecord? Record, string? Problem) ReadAgent()
    {
        AgentRecord? record = null;
        string? problem = null;
        foreach (var file in AgentFiles)
        {
            var read = DurableFile.Read(file, CheckpointJson.Default.AgentRecord, out var why);
            if (read is { IsWhole: true }) record ??= read;
            else problem ??= why ?? $"{file} is damaged";
        }

        return (record, record is null && AgentFiles.All(file => !Path.Exists(file)) ? null : problem);
    }

    public void Write(AgentRecord agent)
    {
        foreach (var file in AgentFiles) DurableFile.Write(file, agent, CheckpointJson.Default.AgentRecord);
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>Whether an id can be a directory's name, as Mesos requires of frameworks' and tasks' ids; else why not.</summary>
    public static string? WhyNotId(string? id) => id switch
    {
        null or "" => "is empty",
        "." or ".." => "is a directory's name",
        _ when System.Text.Encoding.UTF8.GetByteCount(id) > 255 => "is longer than 255 bytes",
        _ when id.Any(c => c is '/' or '\\' || char.IsControl(c)) => "has a slash or a control character",
        _ => null,
    };

    /// <summary>The log of a task's status.</summary>
    public string UpdatesFile(string containerId) => Path.Combine(Meta(containerId), "updates");

    private string TaskFile(string containerId) => Path.Combine(Meta(containerId), "task.json");

    private string Runs(TaskRecord record) => Path.Combine(
        Sandboxes, record.AgentId.Value, "frameworks", record.FrameworkId.Value, "executors", record.TaskId.Value, "runs");
}
