using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Checkpoints;

/// <summary>
/// Reconstructs the records of tasks whose records are lost, from the path of a task's sandbox or its processes' environment:
/// its ids and no more. That is enough to look for it, to end what cannot be accounted for, and to report its end.
/// </summary>
/// <param name="directory">Where to look.</param>
/// <param name="bootId">The machine's present boot.</param>
/// <param name="frameworks">The frameworks that are known from whole records.</param>
internal sealed class LostTaskRecords(AgentDirectory directory, string? bootId, IEnumerable<FrameworkInfo> frameworks)
{
    private readonly Dictionary<FrameworkId, FrameworkInfo> _frameworks = frameworks.DistinctBy(framework => framework.Id)
        .ToDictionary(framework => framework.Id!.Value);
    private static readonly string[] OfContainers = ["creating", "log"];
    private static readonly string[] BeforeLaunch = ["updates", "task.json", "task.json.new"];

    /// <summary>Whether a task's directory shows that something may have been started for it.</summary>
    public bool WasBegun(string containerId)
    {
        var meta = directory.Meta(containerId);
        return File.Exists(Path.Combine(meta, "task.json"))
            || Directory.EnumerateFileSystemEntries(meta).Any(path => !BeforeLaunch.Contains(Path.GetFileName(path)))
            || (File.Exists(directory.UpdatesFile(containerId)) && HasStatus(containerId));
    }

    /// <summary>The task by the path of its sandbox; null when there is none.</summary>
    public TaskRecord? Of(string containerId)
    {
        // slaves/AGENT/frameworks/FRAMEWORK/executors/TASK/runs/CONTAINER
        var sandbox = Below(directory.Sandboxes)
            .SelectMany(agent => Below(Path.Combine(agent, "frameworks")))
            .SelectMany(framework => Below(Path.Combine(framework, "executors")))
            .Select(task => Path.Combine(task, "runs", containerId)).FirstOrDefault(Directory.Exists);
        if (sandbox is null) return null;
        var path = Path.GetRelativePath(directory.Sandboxes, sandbox).Split('/');
        return Of(containerId, path[0], path[2], path[4], ContainerizerOf(containerId));
    }

    /// <summary>The task by its processes' environment.</summary>
    /// <param name="containerId">Their container.</param>
    /// <param name="variables">The environment.</param>
    public TaskRecord? Of(string containerId, IReadOnlyDictionary<string, string> variables)
    {
        return Of(containerId, Variable("MESOS_AGENT_ID"), Variable("MESOS_FRAMEWORK_ID"), Variable("MESOS_TASK_ID"), "process");

        string? Variable(string name) => variables.GetValueOrDefault(name);
    }

    /// <summary>A task of which no more is known than who it is.</summary>
    public TaskRecord? Of(string containerId, string? agent, string? framework, string? task, string containerizer)
    {
        if (new[] { agent, framework, task }.Any(id => AgentDirectory.WhyNotId(id) is not null)) return null;
        var id = new FrameworkId(framework!);
        return new TaskRecord
        {
            Framework = _frameworks.GetValueOrDefault(id) ?? new FrameworkInfo { User = "", Name = framework!, Id = id },
            Task = new TaskInfo { Name = task!, TaskId = new TaskId(task!), AgentId = new AgentId(agent!), Resources = [] },
            ContainerId = containerId,
            Containerizer = containerizer,
            AgentId = new AgentId(agent!),
            Accepted = Directory.GetCreationTimeUtc(directory.Root),
            BootId = bootId,
            Origin = RecordOrigin.Remains,
        };
    }

    // The engine is asked for a container only after a file says so.
    private string ContainerizerOf(string containerId) =>
        OfContainers.Any(name => File.Exists(Path.Combine(directory.Meta(containerId), name))) ? "docker" : "process";

    private bool HasStatus(string containerId)
    {
        using var log = new StatusLog(directory.UpdatesFile(containerId));
        return log.Latest is not null;
    }

    private static IEnumerable<string> Below(string path) => Directory.Exists(path) ? Directory.EnumerateDirectories(path) : [];
}
