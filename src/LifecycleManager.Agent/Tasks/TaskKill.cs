using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Timing;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Tasks;

/// <summary>
/// That a task is to end: as what, and how much of its grace period is left. It is written before anything is done, so that the
/// end goes on after a crash. The grace period goes by the monotonic clock, over restarts of the agent too.
/// </summary>
internal sealed class TaskKill : IDisposable
{
    private readonly string _path;
    private readonly TaskId _task;
    private readonly BootClock _clock;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _asked = new();
    private readonly TaskCompletionSource _signal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private KillRecord? _record;

    /// <summary>Takes up what an earlier agent has written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="task">The task.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="log">Told what cannot be written.</param>
    public TaskKill(string path, TaskId task, BootClock clock, ILogger log)
    {
        (_path, _task, _clock, _log) = (path, task, clock, log);
        // Version 0.1.0 wrote no instant: the grace period begins anew, too late rather than too early.
        if (DurableFile.Read(path, CheckpointJson.Default.KillRecord) is { } kill)
            Note(clock.Since(kill.Begun) is null ? kill with { Begun = clock.Now } : kill);
    }

    /// <summary>How the task is to end; null while it is not.</summary>
    public KillRecord? Record => Volatile.Read(ref _record);

    /// <summary>Whether it was to end, and the reason is lost.</summary>
    public bool IsDamaged => Record is null && Path.Exists(_path);

    /// <summary>Cancelled once the task is to end.</summary>
    public CancellationToken Asked => _asked.Token;

    /// <summary>Completes once the task is to end.</summary>
    public Task Signal => _signal.Task;

    /// <summary>How long the task had to end when it was asked to; zero while it is not.</summary>
    public TimeSpan Grace => LongDurations.FromSeconds(Record?.GraceSeconds ?? 0);

    /// <summary>How much is left of that.</summary>
    public TimeSpan Remaining
    {
        get
        {
            var left = Grace - (_clock.Since(Record?.Begun) ?? TimeSpan.Zero);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>
    /// Asks the task to end. What it is asked to end as does not change with a second call, but a shorter grace period counts.
    /// For one caller at a time.
    /// </summary>
    /// <returns>Whether anything has changed.</returns>
    public bool Ask(KillRecord kill)
    {
        if (Record is { } earlier)
        {
            if (LongDurations.FromSeconds(kill.GraceSeconds) >= Remaining) return false;
            kill = earlier with { At = kill.At, Begun = kill.Begun, GraceSeconds = kill.GraceSeconds };
        }

        try
        {
            DurableFile.Write(_path, kill, CheckpointJson.Default.KillRecord);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk does not keep a task from being ended.
            _log.LogError("That {Task} is to end cannot be written: {Reason}", _task.Value, e.Message);
        }

        Note(kill);
        return true;
    }

    public void Dispose() => _asked.Dispose();

    private void Note(KillRecord kill)
    {
        Volatile.Write(ref _record, kill);
        _asked.Cancel();
        _signal.TrySetResult();
    }
}
