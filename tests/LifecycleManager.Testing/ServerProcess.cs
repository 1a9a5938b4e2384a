using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;

namespace LifecycleManager.Testing;

/// <summary>
/// A server of one test alone, to be killed, stopped and started again; its data lie in a directory of its own.
/// </summary>
public abstract class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly DirectoryInfo _directory;
    private Process? _process;

    /// <summary>A server whose directory's name begins so.</summary>
    protected ServerProcess(string name) => _directory = System.IO.Directory.CreateTempSubdirectory($"lcm-{name}-");

    /// <summary>Where its data lie.</summary>
    protected string Directory => _directory.FullName;

    /// <summary>Everything it printed.</summary>
    public string Output => string.Join('\n', _lines);

    /// <summary>Starts it, for the first time or again, and waits until it answers.</summary>
    public async Task StartAsync()
    {
        var begin = Stopwatch.GetTimestamp();
        while (true)
        {
            Launch();
            while (!_process!.HasExited && Stopwatch.GetElapsedTime(begin) < Patience)
            {
                if (await AnswersAsync()) return;
                await Task.Delay(50);
            }

            // After a kill the former one's children may hold what the new one needs for a moment.
            if (Stopwatch.GetElapsedTime(begin) >= Patience) throw new TimeoutException($"the server does not answer:\n{Output}");
            _process.Dispose();
            await Task.Delay(200);
        }
    }

    /// <summary>SIGKILL to the server; what it started may live on.</summary>
    public async Task KillAsync()
    {
        Signals.Send(_process!.Id, Signals.Kill);
        await EndedAsync();
    }

    /// <summary>SIGSTOP to the server and what it started: it hangs, its connections open.</summary>
    public void Stop()
    {
        foreach (var id in Stoppable(_process!.Id)) Signals.Send(id, Signals.Stop);
    }

    /// <summary>SIGCONT.</summary>
    public void Continue()
    {
        foreach (var id in Stoppable(_process!.Id)) Signals.Send(id, Signals.Continue);
    }

    /// <summary>SIGTERM, and SIGKILL where that does not end it; the data are removed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false } process)
        {
            Continue();
            Signals.Send(process.Id, Signals.Terminate);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(15));
            await process.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!process.HasExited) await KillAsync();
        }

        _process?.Dispose();
        await CleanAsync();
        _directory.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Whether it answers.</summary>
    protected abstract Task<bool> AnswersAsync();

    /// <summary>Whether connections to a port of the loopback interface are accepted.</summary>
    protected static async Task<bool> AcceptsAsync(int port)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>The command that is the server: it must not be a shell or a wrapper, since signals go to it.</summary>
    protected abstract ProcessStartInfo Command();

    /// <summary>What SIGSTOP is for: by default the one process.</summary>
    protected virtual IEnumerable<int> Stoppable(int process) => [process];

    /// <summary>Ends what a server leaves behind.</summary>
    protected virtual Task CleanAsync() => Task.CompletedTask;

    /// <summary>Runs a command to its end.</summary>
    /// <exception cref="InvalidOperationException">It fails.</exception>
    protected static async Task RunAsync(string file, params IEnumerable<string> arguments)
    {
        using var process =
            Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{file} fails: {await output}{await error}");
    }

    private void Launch()
    {
        var command = Command();
        command.RedirectStandardOutput = command.RedirectStandardError = true;
        _process = Process.Start(command)!;
        _process.OutputDataReceived += (_, e) => Add(e.Data);
        _process.ErrorDataReceived += (_, e) => Add(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private async Task EndedAsync()
    {
        await _process!.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    private void Add(string? line)
    {
        if (line is not null) _lines.Enqueue(line);
    }
}
