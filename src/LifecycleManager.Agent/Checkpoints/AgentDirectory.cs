using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Checkpoints;

/// <summary>
/// Where things are below the work directory: <c>agent.json</c>; <c>tasks/CONTAINER</c> with what recovery needs; and the
/// sandboxes at Mesos' own paths, <c>slaves/AGENT/frameworks/FRAMEWORK/executors/TASK/runs/CONTAINER</c>.
/// </summary>
internal sealed class AgentDirectory : IDisposable
{
    private readonly FileStream _lock;

    /// <summary>Opens the directory, alone.</summary>
    /// <exception cref="IOException">Another agent uses it, or it cannot be made.</exception>
    public AgentDirectory(string root)
    {
        Root = Path.GetFullPath(root);
        DurableFile.MakeDirectory(Root);
        DurableFile.MakeDirectory(Tasks);
        DurableFile.MakeDirectory(Sandboxes);
        try
        {
            _lock = new FileStream(Path.Combine(Root, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new IOException($"another agent runs in {Root}", e);
        }
    }

    public string Root { get; }

    /// <summary>The tasks' own directories.</summary>
    public string Tasks => Path.Combine(Root, "tasks");

    /// <summary>All sandboxes.</summary>
    public string Sandboxes => Path.Combine(Root, "slaves");

    private string AgentFile => Path.Combine(Root, "agent.json");

    public string Meta(string containerId) => Path.Combine(Tasks, containerId);

    public string Sandbox(TaskRecord record) => Path.Combine(Runs(record), record.ContainerId);

    /// <summary>Makes a task's two directories, and <c>runs/latest</c>.</summary>
    public void MakeFor(TaskRecord record)
    {
        DurableFile.MakeDirectory(Meta(record.ContainerId));
        var runs = Runs(record);
        Directory.CreateDirectory(runs);
        Directory.CreateDirectory(Path.Combine(runs, record.ContainerId));
        var latest = Path.Combine(runs, "latest");
        File.Delete(latest);
        File.CreateSymbolicLink(latest, record.ContainerId);
    }

    public AgentRecord? ReadAgent() => DurableFile.Read(AgentFile, CheckpointJson.Default.AgentRecord);

    public void Write(AgentRecord agent) => DurableFile.Write(AgentFile, agent, CheckpointJson.Default.AgentRecord);

    public void Dispose() => _lock.Dispose();

    /// <summary>Whether an id can be a directory's name, as Mesos requires of frameworks' and tasks' ids; else why not.</summary>
    public static string? WhyNotId(string id) => id switch
    {
        "" => "is empty",
        "." or ".." => "is a directory's name",
        _ when System.Text.Encoding.UTF8.GetByteCount(id) > 255 => "is longer than 255 bytes",
        _ when id.Any(c => c is '/' or '\\' || char.IsControl(c)) => "has a slash or a control character",
        _ => null,
    };

    private string Runs(TaskRecord record) => Path.Combine(
        Sandboxes, record.AgentId.Value, "frameworks", record.FrameworkId.Value, "executors", record.TaskId.Value, "runs");
}
