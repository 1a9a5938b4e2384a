using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Containerizers.Processes;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Recovery;

/// <summary>
/// Finds the tasks of earlier agents on this work directory: by their records, and where those are lost by their marks in
/// the operating system, and where there is none by what is left of them on the disk. Missing evidence is looked for and
/// never taken for death; only what bears this directory's mark is touched.
/// </summary>
internal sealed class TaskRecovery
{
    private readonly AgentDirectory _directory;
    private readonly string? _bootId;
    private readonly ILogger _log;
    private readonly Dictionary<string, TaskRecord> _records = new(StringComparer.Ordinal);
    private readonly HashSet<string> _damaged = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MarkedContainer> _marked;

    /// <summary>How many directories of tasks could not be recovered.</summary>
    public int Errors { get; private set; }

    /// <summary>Looks at the directory and at the machine's processes.</summary>
    public TaskRecovery(AgentDirectory directory, string? bootId, ILogger log)
    {
        (_directory, _bootId, _log) = (directory, bootId, log);
        foreach (var id in Directory.EnumerateDirectories(directory.Tasks).Select(path => Path.GetFileName(path)))
        {
            if (directory.ReadTask(id) is { } record) _records[id] = record;
            else _damaged.Add(id);
        }

        _marked = MarkedContainer.Scan(bootId);
    }

    /// <summary>Who the agent is: by its own record, else by the newest of its tasks, else a new one.</summary>
    /// <returns>The agent, as of the present boot; whether that is what the disk has.</returns>
    /// <exception cref="IOException">There was one, and nothing says which.</exception>
    public (AgentRecord Agent, bool IsWritten) Identify()
    {
        var (known, problem) = _directory.ReadAgent();
        if (known is not null)
        {
            if (problem is not null) _log.LogWarning("The agent goes by the other copy of its record: {Problem}", problem);
            if (known.BootId is { } boot && boot != _bootId)
                _log.LogInformation("The machine was restarted since the agent last ran");
            return (known with { BootId = _bootId }, problem is null && known.BootId == _bootId);
        }

        var sandboxes = _directory.Sandboxes + "/";
        var marks = _marked.Values.Where(container => container.Sandbox.StartsWith(sandboxes, StringComparison.Ordinal))
            .Select(container => container.Record).OfType<TaskRecord>();
        if (_records.Values.Concat(marks).MaxBy(record => record.Accepted) is { } newest)
        {
            _log.LogWarning(
                "The agent's own record is lost ({Problem}); by its tasks it is agent {Agent}", problem ?? "it is not there",
                newest.AgentId.Value);
            return (new AgentRecord(newest.Home ?? Guid.NewGuid().ToString("N"), _bootId, newest.AgentId), false);
        }

        // Containers of its own would be nobody's: whoever knows that there are none may begin anew.
        if (problem is not null)
        {
            const string Advice = "nothing else says which agent this is; without the file it begins as a new one";
            throw new IOException($"{problem}, and {Advice}");
        }

        return (new AgentRecord(Guid.NewGuid().ToString("N"), _bootId), false);
    }

    /// <summary>The tasks, those with whole records first.</summary>
    /// <param name="home">The agent's <see cref="AgentRecord.Home"/>.</param>
    /// <param name="groups">The containers whose processes its control groups hold.</param>
    /// <param name="strays">Gets the containers with processes that are no task's: they are to be ended.</param>
    public IReadOnlyList<TaskRecord> Tasks(string home, IEnumerable<string> groups, ICollection<string> strays)
    {
        var tasks = new Dictionary<(FrameworkId, TaskId), TaskRecord>();
        foreach (var record in _records.Values.OrderByDescending(record => record.Accepted))
        {
            if (tasks.TryAdd((record.FrameworkId, record.TaskId), record)) continue;
            strays.Add(record.ContainerId);
            SetAside(record.ContainerId);
        }

        var lostRecords = new LostTaskRecords(_directory, _bootId, _records.Values.Select(record => record.Framework));
        var running = _marked.Values.Where(container => container.Home == home).Select(container => container.Id).Union(groups);
        foreach (var id in running.Where(id => !_records.ContainsKey(id)))
        {
            _damaged.Remove(id);
            var container = _marked.GetValueOrDefault(id);
            var task = container?.Record ?? lostRecords.Of(id)
                ?? (container is null ? null : lostRecords.Of(id, container.Variables));
            // A second container of a task that has one is nobody's either.
            if (task is null || !tasks.TryAdd((task.FrameworkId, task.TaskId), task)) strays.Add(id);
            else _log.LogWarning("The record of task {Task} is lost; it was found by its marks", task.TaskId.Value);
        }

        foreach (var id in _damaged)
        {
            if (Look(id, lostRecords) is { } task && !tasks.TryAdd((task.FrameworkId, task.TaskId), task)) SetAside(id);
        }

        return [.. tasks.Values];
    }

    /// <summary>What a directory without a record is: a task's, or none's, and then it is put away.</summary>
    private TaskRecord? Look(string containerId, LostTaskRecords lostRecords)
    {
        try
        {
            if (!lostRecords.WasBegun(containerId))
            {
                // A crash came before the task was accepted: nothing was started for it.
                Directory.Delete(_directory.Meta(containerId), recursive: true);
                return null;
            }

            if (lostRecords.Of(containerId) is { } task)
            {
                _log.LogWarning("The record of task {Task} is lost, and no process bears its mark", task.TaskId.Value);
                return task;
            }

            Errors++;
            SetAside(containerId);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Errors++;
            _log.LogError("What is in {Directory} cannot be looked at: {Reason}", _directory.Meta(containerId), e.Message);
        }

        return null;
    }

    private void SetAside(string containerId)
    {
        var meta = _directory.Meta(containerId);
        try
        {
            var aside = _directory.SetAside(containerId);
            _log.LogError("What is in {Directory} is no task that can be recovered; it is now in {Aside}", meta, aside);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.LogError("What is in {Directory} is no task that can be recovered: {Reason}", meta, e.Message);
        }
    }
}
