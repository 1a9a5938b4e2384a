using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace LifecycleManager.Testing;

/// <summary>A real <c>lcm</c> process: started from its build output, ended by signals, its output kept for failures.</summary>
public sealed class LcmProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();

    private LcmProcess(Process process) => _process = process;

    /// <summary>Starts <c>lcm</c>, whose build output stands beside the caller's, with arguments.</summary>
    public static LcmProcess Start(string workDirectory, params IEnumerable<string> arguments) =>
        Start(workDirectory, new Dictionary<string, string>(), arguments);

    /// <summary>Starts it with variables of its own beside.</summary>
    public static LcmProcess Start(string workDirectory, IReadOnlyDictionary<string, string> variables,
        IEnumerable<string> arguments) =>
        StartProgram("lcm.dll", workDirectory, variables, arguments);

    /// <summary>
    /// Starts another program whose build output stands beside the caller's, and that takes the options of <c>lcm</c>.
    /// </summary>
    public static LcmProcess StartProgram(
        string program, string workDirectory, IReadOnlyDictionary<string, string> variables, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Signals.IsInterruptIgnored ? "env" : "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workDirectory,
        };
        if (Signals.IsInterruptIgnored)
        {
            // As nohup and background shells have it, and children inherit it: these are to be ended by Ctrl-C all the same.
            start.ArgumentList.Add("--default-signal=INT");
            start.ArgumentList.Add("dotnet");
        }

        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, program));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("LCM_", StringComparison.Ordinal)).ToArray())
            start.Environment.Remove(name);
        foreach (var (name, value) in variables) start.Environment[name] = value;
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var lcm = new LcmProcess(process);
        process.OutputDataReceived += (_, e) => lcm.Add(e.Data);
        process.ErrorDataReceived += (_, e) => lcm.Add(e.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return lcm;
    }

    /// <summary>Everything it printed.</summary>
    public string Output => string.Join('\n', _lines);

    /// <summary>Everything it printed, line by line.</summary>
    public IEnumerable<string> Lines => _lines;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>SIGKILL to the process itself; what it started lives on.</summary>
    public async Task KillAsync()
    {
        Signal(Signals.Kill);
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGSTOP: it hangs, its connections open, until it goes on.</summary>
    public void Stop() => Signal(Signals.Stop);

    /// <summary>SIGCONT.</summary>
    public void Continue() => Signal(Signals.Continue);

    /// <summary>Ctrl-C; the exit code.</summary>
    public async Task<int> InterruptAsync(TimeSpan limit)
    {
        if (!_process.HasExited) Signal(Signals.Interrupt);
        return await ExitAsync(limit);
    }

    /// <summary>SIGTERM; the exit code.</summary>
    public async Task<int> TerminateAsync(TimeSpan limit)
    {
        if (!_process.HasExited) Signal(Signals.Terminate);
        return await ExitAsync(limit);
    }

    /// <summary>Waits for its end; the exit code.</summary>
    public async Task<int> ExitAsync(TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException(string.Create(CultureInfo.InvariantCulture,
                $"lcm did not end within {limit.TotalSeconds} s:\n{Output}"));
        }

        return _process.ExitCode;
    }

    /// <summary>Ctrl-C, and SIGKILL where that does not end it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            Signal(Signals.Interrupt);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            await _process.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!_process.HasExited) Signal(Signals.Kill);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Add(string? line)
    {
        if (line is not null) _lines.Enqueue(line);
    }

    private void Signal(int number)
    {
        if (!Signals.Send(_process.Id, number) && !_process.HasExited)
            throw new InvalidOperationException($"signal {number} could not be sent: {Marshal.GetLastPInvokeErrorMessage()}");
    }
}
