using Docker.DotNet;
using Docker.DotNet.Models;
using LifecycleManager.Agent.Linux;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Containerizers.Docker;

/// <summary>A command beside a container's own, by the engine.</summary>
internal sealed class DockerSession : ISessionProcess
{
    private const int Block = 16 * 1024;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // The engine takes two keys for its own where a terminal has none; these are a rare pair, and four of them.
    private const string NoKeys = "ctrl-@,ctrl-^,ctrl-@,ctrl-^";

    // Where the engine's processes are not this machine's, one of the container's own shells looks for those that bear the mark,
    // by what is in every shell.
    internal const string Kill = """
        for process in /proc/[0-9]*; do
          while IFS= read -r line || [ -n "$line" ]; do
            case $line in *"$1=$2"*) kill -"$3" "${process#/proc/}" ;; esac
          done 2>/dev/null <"$process/environ"
        done
        """;

    private readonly DockerEngine _engine;
    private readonly string _container;
    private readonly string _exec;
    private readonly string _id;
    private readonly bool _isTerminal;
    private readonly MultiplexedStream _stream;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource<int?> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private DockerSession(
        DockerEngine engine, string container, string exec, SessionStart start, MultiplexedStream stream, TimeProvider time)
    {
        (_engine, _container, _exec, _id, _stream, _time) = (engine, container, exec, start.Id, stream, time);
        _isTerminal = start.Terminal is not null;
    }

    public Task<int?> Exit => _exit.Task;

    /// <summary>Begins one.</summary>
    /// <exception cref="IOException">The engine refuses, or does not answer.</exception>
    public static async Task<DockerSession> BeginAsync(
        DockerEngine engine, string container, SessionStart start, TimeProvider time, CancellationToken cancellation)
    {
        var isTerminal = start.Terminal is not null;
        try
        {
            var exec = await engine.CallAsync(
                (client, token) => client.Exec.CreateContainerExecAsync(
                    container,
                    new ContainerExecCreateParameters
                    {
                        Cmd = [.. start.Command],
                        Env = [.. start.Variables.Select(variable => $"{variable.Key}={variable.Value}")],
                        AttachStdin = true,
                        AttachStdout = true,
                        AttachStderr = true,
                        TTY = isTerminal,
                        DetachKeys = NoKeys,
                    },
                    token),
                cancellation);
            var stream = await engine.CallAsync(
                (client, token) => client.Exec.StartContainerExecAsync(
                    exec.ID, new ContainerExecStartParameters { TTY = isTerminal }, token),
                cancellation);
            var session = new DockerSession(engine, container, exec.ID, start, stream, time);
            if (start.Terminal?.WindowSize is { } window) await session.ResizeAsync(window, cancellation);
            return session;
        }
        catch (Exception e) when (e is DockerApiException or DockerUnavailableException)
        {
            throw new IOException(DockerEngine.Reason(e), e);
        }
    }

    public async Task ReadAsync(
        Func<ProcessStream, ReadOnlyMemory<byte>, ValueTask> take, CancellationToken cancellation)
    {
        var block = new byte[Block];
        try
        {
            while (true)
            {
                var read = await _stream.ReadOutputAsync(block, 0, block.Length, cancellation);
                if (read.EOF) break;
                var stream = read.Target == MultiplexedStream.TargetStream.StandardError ? ProcessStream.Stderr
                    : ProcessStream.Stdout;
                await take(stream, block.AsMemory(0, read.Count));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or System.Net.Sockets.SocketException)
        {
            // The engine has gone, or the container; what is known of the command's end is all there is.
        }

        _exit.TrySetResult(await CodeAsync(cancellation));
    }

    public async Task WriteAsync(byte[] data, CancellationToken cancellation)
    {
        try
        {
            if (data.Length > 0) await _stream.WriteAsync(data, 0, data.Length, cancellation);
            else if (_isTerminal) await _stream.WriteAsync([4], 0, 1, cancellation);
            else _stream.CloseWrite();
        }
        catch (Exception e) when (e is ObjectDisposedException or System.Net.Sockets.SocketException)
        {
            throw new IOException("the command reads no more", e);
        }
    }

    public async Task ResizeAsync(TtyWindow window, CancellationToken cancellation)
    {
        try
        {
            await _engine.CallAsync(
                (client, token) => client.Exec.ResizeExecTtyAsync(
                    _exec, new ContainerResizeParameters { Height = window.Rows, Width = window.Columns }, token),
                cancellation);
        }
        catch (Exception e) when (e is DockerApiException or DockerUnavailableException)
        {
            // It has just ended, or has not quite begun: the size is what it was.
        }
    }

    public async Task SignalAsync(int signal, CancellationToken cancellation)
    {
        var main = (await InspectAsync(cancellation))?.Pid ?? 0;
        var here = SessionMark.Of(_id);
        if (here.Count == 0) await KillInsideAsync(signal, cancellation);
        else if (here.Any(process => process.Identity.Pid == main)) _ = Native.Kill((int)main, signal);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (await InspectAsync(default) is not { Running: false }
                && !await SessionMark.EndAsync(() => SessionMark.Of(_id), _time))
                await KillInsideAsync(Native.SigKill, default);
        }
        finally
        {
            _stream.Dispose();
            _exit.TrySetResult(await CodeAsync(default));
        }
    }

    private async Task KillInsideAsync(int signal, CancellationToken cancellation)
    {
        try
        {
            await _engine.CallAsync(
                async (client, token) =>
                {
                    var exec = await client.Exec.CreateContainerExecAsync(
                        _container,
                        new ContainerExecCreateParameters
                        {
                            Cmd = ["/bin/sh", "-c", Kill, "sh", SessionMark.Variable, _id, $"{signal}"],
                            User = "0",
                            AttachStdout = true,
                        },
                        token);
                    using var output = await client.Exec.StartContainerExecAsync(
                        exec.ID, new ContainerExecStartParameters(), token);
                    await output.CopyOutputToAsync(Stream.Null, Stream.Null, Stream.Null, token);
                },
                cancellation);
        }
        catch (Exception e) when (e is DockerApiException or DockerUnavailableException)
        {
            // The container has gone, and the command with it; or it has no shell, and the command ends with the container.
        }
    }

    /// <summary>The exit code, once the engine has noted the end; null where it does not, or is not to be had.</summary>
    private async Task<int?> CodeAsync(CancellationToken cancellation)
    {
        var begun = _time.GetTimestamp();
        while (await InspectAsync(cancellation) is { } state)
        {
            if (!state.Running) return (int?)state.ExitCode;
            if (_time.GetElapsedTime(begun) > Patience) return null;
            await Task.Delay(Look, _time, cancellation);
        }

        return null;
    }

    private async Task<ContainerExecInspectResponse?> InspectAsync(CancellationToken cancellation)
    {
        try
        {
            return await _engine.CallAsync((client, token) => client.Exec.InspectContainerExecAsync(_exec, token), cancellation);
        }
        catch (Exception e) when (e is DockerApiException or DockerUnavailableException)
        {
            return null;
        }
    }
}
