using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace LifecycleManager.Discovery.Proxies;

/// <summary>A command of the operator's, run by the system's shell.</summary>
/// <param name="Text">What the shell is given.</param>
/// <param name="Limit">It is ended, with all it started, after this.</param>
public sealed record ShellCommand(string Text, TimeSpan Limit)
{
    private const int MaxOutput = 4_096;

    /// <summary>Runs it with <c>$FILE</c> set, and waits for its end.</summary>
    /// <returns>Null when it succeeded; else what went wrong, with the end of what it printed.</returns>
    public async Task<string?> RunAsync(string file, CancellationToken cancellation)
    {
        var windows = OperatingSystem.IsWindows();
        var start = new ProcessStartInfo(windows ? "cmd.exe"
            : "/bin/sh")
        { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(windows ? "/c" : "-c");
        start.ArgumentList.Add(Text);
        start.Environment["FILE"] = file;
        using var process = new Process { StartInfo = start };
        var output = new StringBuilder();
        process.OutputDataReceived += (_, line) => Add(line.Data);
        process.ErrorDataReceived += (_, line) => Add(line.Data);
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            return $"'{Text}' cannot be run: {e.Message}";
        }

        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        ending.CancelAfter(Limit);
        try
        {
            await process.WaitForExitAsync(ending.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellation.ThrowIfCancellationRequested();
            return $"'{Text}' did not end within {Limit.TotalSeconds:0} s";
        }

        lock (output) return process.ExitCode == 0 ? null : $"'{Text}' ended with {process.ExitCode}: {output.ToString().Trim()}";

        void Add(string? line)
        {
            if (line is null) return;
            lock (output)
            {
                output.Append(line).Append('\n');
                if (output.Length > MaxOutput) output.Remove(0, output.Length - MaxOutput);
            }
        }
    }
}
