using System.Net.Sockets;
using LifecycleManager.Agent.Linux;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Containerizers.Processes;

/// <summary>A command beside a process task: in its sandbox and its control groups, as its user, with its environment.</summary>
internal sealed class ProcessSession : ISessionProcess
{
    private const string Shell = "/bin/sh";
    private const int Block = 16 * 1024;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan Hangup = TimeSpan.FromMilliseconds(500);

    // $1 sandbox  cgroup directories  --  program and arguments. It becomes the command: its exit is the command's.
    private const string Script = """
        sandbox=$1
        shift
        while [ "$1" != -- ]; do printf '%s' "$$" >"$1/cgroup.procs" || exit 125; shift; done
        shift
        cd "$sandbox" || exit 125
        unset MESOS_TASK_RECORD
        exec "$@"
        """;

    private readonly string _id;
    private readonly PseudoTerminal? _terminal;
    private readonly PipeEnds[] _pipes;
    private readonly int _leader;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource<int?> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _end = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Task _watch;

    private ProcessSession(
        string id, int leader, PseudoTerminal? terminal, PipeEnds[] pipes, TimeProvider time)
    {
        (_id, _leader, _terminal, _pipes, _time) = (id, leader, terminal, pipes, time);
        _watch = WatchAsync();
    }

    public Task<int?> Exit => _exit.Task;

    /// <summary>Begins one.</summary>
    /// <param name="start">What runs.</param>
    /// <param name="sandbox">Where.</param>
    /// <param name="cgroups">The directories of the task's control groups.</param>
    /// <param name="user">As whom; null for the agent's own user.</param>
    /// <param name="environment">The task's variables.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public static ProcessSession Begin(
        SessionStart start, string sandbox, IReadOnlyList<string> cgroups, UserAccount? user,
        Dictionary<string, string> environment, TimeProvider time)
    {
        foreach (var (name, value) in start.Variables) environment[name] = value;
        var command = user?.Run(start.Command) ?? start.Command;
        string[] arguments = ["-c", Script, "lcm-session", sandbox, .. cgroups, "--", .. command];
        PseudoTerminal? terminal = null;
        PipeEnds[] pipes = [];
        try
        {
            int pid;
            if (start.Terminal is { } tty)
            {
                terminal = PseudoTerminal.Open(user);
                if (tty.WindowSize is { } window) terminal.Resize(window.Rows, window.Columns);
                pid = Spawn.Start(Shell, arguments, environment, new SpawnDescriptor(0, terminal.Path, Native.OpenReadWrite),
                    new SpawnDescriptor(1, null, 0, Own: 0), new SpawnDescriptor(2, null, 0, Own: 0));
            }
            else
            {
                pipes = [PipeEnds.Open(isRead: false), PipeEnds.Open(isRead: true), PipeEnds.Open(isRead: true)];
                pid = Spawn.Start(Shell, arguments, environment, new SpawnDescriptor(0, null, 0, pipes[0].Other),
                    new SpawnDescriptor(1, null, 0, pipes[1].Other), new SpawnDescriptor(2, null, 0, pipes[2].Other));
                foreach (var pipe in pipes) pipe.Release();
            }

            return new ProcessSession(start.Id, pid, terminal, pipes, time);
        }
        catch
        {
            terminal?.Dispose();
            foreach (var pipe in pipes) pipe.Dispose();
            throw;
        }
    }

    public Task ReadAsync(Func<ProcessStream, ReadOnlyMemory<byte>, ValueTask> take, CancellationToken cancellation) =>
        _terminal is not null ? ReadAsync(_terminal.Line, ProcessStream.Stdout, take, cancellation)
            : Task.WhenAll(
                ReadAsync(_pipes[1].Line, ProcessStream.Stdout, take, cancellation),
                ReadAsync(_pipes[2].Line, ProcessStream.Stderr, take, cancellation));

    public async Task WriteAsync(byte[] data, CancellationToken cancellation)
    {
        // The end of a terminal's input is a character of it: Ctrl-D.
        if (data.Length == 0 && _terminal is null) _pipes[0].Dispose();
        var line = _terminal?.Line ?? _pipes[0].Line;
        try
        {
            for (ReadOnlyMemory<byte> left = data.Length == 0 && _terminal is not null ? new byte[] { 4 } : data;
                left.Length > 0;)
                left = left[await line.SendAsync(left, SocketFlags.None, cancellation)..];
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw new IOException("the command reads no more", e);
        }
    }

    public Task ResizeAsync(TtyWindow window, CancellationToken cancellation)
    {
        _terminal?.Resize(window.Rows, window.Columns);
        return Task.CompletedTask;
    }

    public Task SignalAsync(int signal, CancellationToken cancellation)
    {
        if (!_exit.Task.IsCompleted) _ = Native.Kill(-_leader, signal);
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _watch;
        _terminal?.Dispose();
        foreach (var pipe in _pipes) pipe.Dispose();
        _end.Dispose();
        _turn.Dispose();
    }

    private async Task ReadAsync(
        Socket line, ProcessStream stream, Func<ProcessStream, ReadOnlyMemory<byte>, ValueTask> take,
        CancellationToken cancellation)
    {
        var block = new byte[Block];
        while (true)
        {
            int read;
            try
            {
                read = await line.ReceiveAsync(block.AsMemory(), SocketFlags.None, cancellation);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Of a terminal whose other end nobody has open any more, the kernel says so by an error.
                return;
            }

            if (read == 0) return;
            await _turn.WaitAsync(cancellation);
            try
            {
                await take(stream, block.AsMemory(0, read));
            }
            finally
            {
                _turn.Release();
            }
        }
    }

    /// <summary>Waits for the command's end, or is told to end it; then for that of all that it has begun.</summary>
    private async Task WatchAsync()
    {
        try
        {
            while (IsRunning()) await Task.Delay(Poll, _time, _end.Token);
            _exit.TrySetResult(Native.ExitOf(_leader));
            await Task.Delay(Timeout.InfiniteTimeSpan, _time, _end.Token);
        }
        catch (OperationCanceledException)
        {
            await EndAsync();
        }
    }

    private async Task EndAsync()
    {
        if (!_exit.Task.IsCompleted)
        {
            // A shell may write its history down.
            _ = Native.Kill(-_leader, Native.SigHangup);
            _ = Native.Kill(-_leader, Native.SigContinue);
            var begun = _time.GetTimestamp();
            while (IsRunning() && _time.GetElapsedTime(begun) < Hangup) await Task.Delay(Poll, _time);
        }

        // Not reaped yet, the leader's pid is nobody else's: what is left of its session can be told for certain.
        await SessionMark.EndAsync(() => SessionMark.Of(_id, _leader), _time);
        _exit.TrySetResult(Native.ExitOf(_leader));
        _ = Native.WaitPid(_leader, out _, Native.NoHang);
    }

    private bool IsRunning() => Native.ExitOf(_leader) is null;
}
