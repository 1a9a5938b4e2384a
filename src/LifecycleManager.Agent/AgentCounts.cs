using System.Text.Json;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent;

/// <summary>What the agent counts since its start, in Mesos' terms. Safe for any thread.</summary>
internal sealed class AgentCounts
{
    private readonly long[] _ended = new long[Enum.GetValues<TaskState>().Length];
    private long _launchErrors;
    private long _terminated;
    private long _preempted;
    private long _updates;
    private long _droppedMessages;
    private long _recoveryErrors;
    private long _recoveryTicks;
    private long _fetched;
    private long _fetchesFailed;
    private long _sandboxesRemoved;
    private long _sandboxesKept;
    private long _longestAgeTicks;

    /// <summary>How long a sandbox of an ended task is kept, as things are.</summary>
    public TimeSpan SandboxAge { set => Interlocked.Exchange(ref _longestAgeTicks, value.Ticks); }

    /// <summary>How long it took to find the tasks of an earlier run.</summary>
    public TimeSpan Recovery { set => Interlocked.Exchange(ref _recoveryTicks, value.Ticks); }

    /// <summary>A task's terminal status is written.</summary>
    public void Ended(TaskStatusInfo status)
    {
        Interlocked.Increment(ref _ended[(int)status.State]);
        Interlocked.Increment(ref _terminated);
        if (status.Reason == StatusReason.ContainerPreempted) Interlocked.Increment(ref _preempted);
    }

    /// <summary>A launch has failed.</summary>
    public void LaunchFailed() => Interlocked.Increment(ref _launchErrors);

    /// <summary>A status is to be told to the master.</summary>
    public void Updated() => Interlocked.Increment(ref _updates);

    /// <summary>A framework's message for an executor is dropped.</summary>
    public void MessageDropped() => Interlocked.Increment(ref _droppedMessages);

    /// <summary>What an earlier run left cannot be recovered.</summary>
    public void NotRecovered() => Interlocked.Increment(ref _recoveryErrors);

    /// <summary>All artifacts of a task were fetched, or not.</summary>
    public void Fetched(bool isSuccess)
    {
        if (isSuccess) Interlocked.Increment(ref _fetched);
        else Interlocked.Increment(ref _fetchesFailed);
    }

    /// <summary>A sandbox was removed, or could not be.</summary>
    public void Removed(bool isSuccess)
    {
        if (isSuccess) Interlocked.Increment(ref _sandboxesRemoved);
        else Interlocked.Increment(ref _sandboxesKept);
    }

    /// <summary>The counts in Mesos' names.</summary>
    public IEnumerable<(string Name, double Value)> All()
    {
        foreach (var state in Enum.GetValues<TaskState>().Where(state => state.IsTerminal()))
        {
            yield return ("slave/tasks_" + JsonNamingPolicy.SnakeCaseLower.ConvertName(state.ToString()),
                Interlocked.Read(ref _ended[(int)state]));
        }

        yield return ("slave/container_launch_errors", Interlocked.Read(ref _launchErrors));
        yield return ("slave/executors_terminated", Interlocked.Read(ref _terminated));
        yield return ("slave/executors_preempted", Interlocked.Read(ref _preempted));
        yield return ("slave/valid_status_updates", Interlocked.Read(ref _updates));
        yield return ("slave/invalid_framework_messages", Interlocked.Read(ref _droppedMessages));
        yield return ("slave/recovery_errors", Interlocked.Read(ref _recoveryErrors));
        yield return ("slave/recovery_time_secs", TimeSpan.FromTicks(Interlocked.Read(ref _recoveryTicks)).TotalSeconds);
        yield return ("slave/executor_directory_max_allowed_age_secs",
            TimeSpan.FromTicks(Interlocked.Read(ref _longestAgeTicks)).TotalSeconds);
        yield return ("containerizer/fetcher/task_fetches_succeeded", Interlocked.Read(ref _fetched));
        yield return ("containerizer/fetcher/task_fetches_failed", Interlocked.Read(ref _fetchesFailed));
        yield return ("gc/path_removals_succeeded", Interlocked.Read(ref _sandboxesRemoved));
        yield return ("gc/path_removals_failed", Interlocked.Read(ref _sandboxesKept));
    }
}
