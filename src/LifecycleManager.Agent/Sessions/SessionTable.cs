using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Tasks;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Sessions;

/// <summary>
/// The commands that run beside tasks, and how the last ones ended. It logs who has begun what, and how that ended. With the
/// agent's end all of them end; of an agent that was killed, the next one ends them.
/// </summary>
/// <param name="agent">Has the tasks.</param>
/// <param name="memory">Counts what waits for those that listen.</param>
/// <param name="time">The clock.</param>
/// <param name="log">The audit.</param>
internal sealed partial class SessionTable(
    AgentService agent, SessionMemory memory, TimeProvider time, ILogger<SessionTable> log) : IHostedService
{
    /// <summary>So many run at once: 64.</summary>
    public const int MaxSessions = 64;

    private const string Anybody = "anybody";
    private const int MaxEnded = 256;
    private const int MaxCommand = 1000;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Session> _sessions = new(StringComparer.Ordinal);
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private readonly Queue<Session> _ended = new();
    private Task _orphans = Task.CompletedTask;
    private bool _isStopping;

    /// <summary>One by its id, also one of the last that have ended; null where there is none.</summary>
    public Session? Find(ContainerId id)
    {
        lock (_gate)
            return _sessions.GetValueOrDefault(id.Value) is { } found && found.Id == id ? found : null;
    }

    /// <summary>Begins one.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="task">The task.</param>
    /// <param name="start">What runs.</param>
    /// <param name="caller">Who asks; null where nobody is asked.</param>
    /// <param name="from">Where he calls from.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The session; or why there is none, and whether that is since its id is taken.</returns>
    /// <exception cref="IOException">It cannot be begun; the message says why.</exception>
    public async Task<(Session? Session, string Refusal, bool IsTaken)> BeginAsync(
        ContainerId id, TaskRun task, SessionStart start, string? caller, string from, CancellationToken cancellation)
    {
        if (Reserve(id) is { } refusal) return (null, refusal.Text, refusal.IsTaken);
        ISessionProcess? process = null;
        Session? session = null;
        try
        {
            var container = task.Container ?? throw new IOException("the task does not run");
            process = await container.BeginAsync(start with { Id = $"{agent.Home}.{Guid.NewGuid():N}" }, cancellation);
            session = Add(id, caller, process);
            if (session is null) return (null, "the agent stops", false);
            LogBegun(log, id.Value, caller ?? Anybody, from, task.Record.TaskId.Value, Text(start.Command));
            return (session, "", false);
        }
        catch (IOException e)
        {
            LogRefused(log, caller ?? Anybody, from, task.Record.TaskId.Value, Text(start.Command), e.Message);
            throw;
        }
        finally
        {
            if (session is null)
            {
                if (process is not null) await process.DisposeAsync();
                lock (_gate) _taken.Remove(id.Value);
            }
        }
    }

    /// <summary>Runs one that was begun, to its end.</summary>
    public async Task RunAsync(
        Session session, TaskRun task, Func<byte[], CancellationToken, Task> send, CancellationToken lost)
    {
        var begun = time.GetTimestamp();
        try
        {
            await session.RunAsync(send, task.Container?.Exit ?? Task.CompletedTask, lost);
        }
        finally
        {
            lock (_gate)
            {
                _taken.Remove(session.Id.Value);
                _ended.Enqueue(session);
                if (_ended.Count > MaxEnded) _sessions.Remove(_ended.Dequeue().Id.Value);
            }

            var code = session.Exit.IsCompletedSuccessfully ? await session.Exit : null;
            LogEnded(log, session.Id.Value, session.Owner ?? Anybody, task.Record.TaskId.Value, session.End,
                code?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "unknown",
                (long)time.GetElapsedTime(begun).TotalSeconds, session.Bytes.In, session.Bytes.Out);
            session.Dispose();
        }
    }

    /// <summary>Somebody may not do what he asks for.</summary>
    public void Deny(string? caller, string from, string why) => LogDenied(log, caller ?? Anybody, from, why);

    /// <inheritdoc />
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _orphans = Task.Run(EndOrphansAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        List<Session> running;
        lock (_gate)
        {
            _isStopping = true;
            running = [.. _sessions.Values.Where(session => !session.Exit.IsCompleted)];
        }

        foreach (var session in running) await session.StopAsync();
        await Task.WhenAll([.. running.Select(session => session.Exit), _orphans]);
    }

    /// <summary>A command in one line, without what a reader of the log would trip over.</summary>
    internal static string Text(IReadOnlyList<string> command)
    {
        var text = string.Join(' ', command.Select(word => word.Length > 0 && word.All(IsPlain) ? word
            : $"'{string.Concat(word.Select(c => char.IsControl(c) ? $"\\x{(int)c:x2}" : $"{c}"))}'"));
        return text.Length > MaxCommand ? text[..MaxCommand] + "..." : text;
    }

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || "/.-_=:,+@%".Contains(c, StringComparison.Ordinal);

    /// <summary>Takes an id, and one of the places; or says why not.</summary>
    private (string Text, bool IsTaken)? Reserve(ContainerId id)
    {
        lock (_gate)
        {
            if (_isStopping) return ("the agent stops", false);
            if (_sessions.ContainsKey(id.Value) || _taken.Contains(id.Value))
                return ($"there is a container '{id.Value}' already", true);
            if (_taken.Count >= MaxSessions) return ($"{MaxSessions} commands run beside tasks already", false);
            _taken.Add(id.Value);
            return null;
        }
    }

    private Session? Add(ContainerId id, string? caller, ISessionProcess process)
    {
        lock (_gate)
        {
            if (_isStopping) return null;
            return _sessions[id.Value] = new Session(id, caller, process, agent.Options.ExecIdle, memory, time);
        }
    }

    private async Task EndOrphansAsync()
    {
        if (agent.Home is { } home && await SessionMark.EndAsync(() => SessionMark.OfAgent(home), time)) LogOrphans(log);
    }

    [LoggerMessage(LogLevel.Information, "Session {Id}: {Who} from {Address} runs in task {Task}: {Command}")]
    private static partial void LogBegun(ILogger log, string id, string who, string address, string task, string command);

    [LoggerMessage(LogLevel.Warning, "{Who} from {Address} could not run in task {Task}: {Command}: {Reason}")]
    private static partial void LogRefused(
        ILogger log, string who, string address, string task, string command, string reason);

    [LoggerMessage(LogLevel.Warning, "{Who} from {Address} may run nothing beside tasks: {Reason}")]
    private static partial void LogDenied(ILogger log, string who, string address, string reason);

    [LoggerMessage(LogLevel.Information,
        "Session {Id} of {Who} in task {Task} is over: {End}; exit code {Code}, {Seconds} s, {In} bytes in, {Out} bytes out")]
    private static partial void LogEnded(
        ILogger log, string id, string who, string task, string end, string code, long seconds, long @in, long @out);

    [LoggerMessage(LogLevel.Warning, "Commands beside tasks that an earlier agent had left are ended")]
    private static partial void LogOrphans(ILogger log);
}
