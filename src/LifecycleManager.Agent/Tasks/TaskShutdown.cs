using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Tasks;

/// <summary>Ends all tasks when the agent stops, and lets their last updates go out. Owned by the agent's owner.</summary>
/// <param name="tasks">The tasks.</param>
/// <param name="isRegistered">Whether a master takes updates.</param>
/// <param name="options">The agent.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told how many are ended.</param>
internal sealed class TaskShutdown(TaskTable tasks, Func<bool> isRegistered, AgentOptions options, TimeProvider time,
    ILogger log)
{
    private static readonly TimeSpan LastUpdates = TimeSpan.FromSeconds(2);
    private List<TaskRun> _runs = [];
    private TaskCompletionSource? _ended;
    private long _begun;
    private long? _allEnded;

    /// <summary>The longest that it takes in all.</summary>
    public static TimeSpan Longest(AgentOptions options) => options.StopTasksTimeout + (2 * LastUpdates);

    /// <summary>Until it gives up waiting; null while nothing ends.</summary>
    public TimeSpan? NextDue => _ended is null ? null
        : _allEnded is { } at ? LastUpdates - time.GetElapsedTime(at)
        : options.StopTasksTimeout + LastUpdates - time.GetElapsedTime(_begun);

    /// <summary>Whether the agent stops: it launches nothing any more.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Asks all tasks to end.</summary>
    /// <param name="ended">Completes when they have, or after <see cref="Longest"/>.</param>
    public void Begin(TaskCompletionSource ended)
    {
        (HasBegun, _ended, _begun) = (true, ended, time.GetTimestamp());
        _runs = [.. tasks.All.Where(run => !run.State.IsTerminal())];
        if (_runs.Count > 0) log.LogInformation("Ending {Count} tasks", _runs.Count);
        foreach (var run in _runs)
        {
            var kill = run.KillOf(TaskState.Killed, null, "the agent stops");
            run.Kill(kill with { GraceSeconds = Math.Min(kill.GraceSeconds, options.StopTasksTimeout.TotalSeconds) });
        }
    }

    /// <summary>Looks whether the tasks have ended and their updates are acknowledged.</summary>
    public void Check()
    {
        if (_ended is not { } ended) return;
        var left = _runs.Count(run => !run.State.IsTerminal());
        if (_allEnded is null)
        {
            if (left > 0 && NextDue > TimeSpan.Zero) return;
            _allEnded = time.GetTimestamp();
        }

        if (_runs.Any(run => run.Updates.Pending > 0) && isRegistered() && NextDue > TimeSpan.Zero) return;
        if (left > 0) log.LogWarning("{Count} tasks have not ended in time; their end goes on when the agent starts again", left);
        _ended = null;
        ended.TrySetResult();
    }
}
