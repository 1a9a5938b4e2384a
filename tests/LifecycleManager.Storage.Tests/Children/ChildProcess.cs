using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace LifecycleManager.Storage.Tests.Children;

/// <summary>A <see cref="Child"/> in a process of its own, to be stopped and killed.</summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private static readonly TimeSpan Generous = TimeSpan.FromMinutes(1);
    private readonly Process _process;
    private readonly Channel<string> _told = Channel.CreateUnbounded<string>();

    public ChildProcess(string address, string? password)
        : this("child", address, password ?? "")
    {
    }

    public ChildProcess(params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            ArgumentList = { typeof(ChildProcess).Assembly.Location },
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null) _told.Writer.TryComplete();
            else _told.Writer.TryWrite(line.Data);
        };
        _process.BeginOutputReadLine();
    }

    /// <summary>The rest of the next line that begins so.</summary>
    public async Task<string> NextAsync(string beginning)
    {
        using var patience = new CancellationTokenSource(Generous);
        var told = new List<string>();
        try
        {
            while (true)
            {
                var line = await _told.Reader.ReadAsync(patience.Token);
                if (line.StartsWith(beginning, StringComparison.Ordinal)) return line[beginning.Length..].Trim();
                told.Add(line);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            throw new InvalidOperationException(
                $"the child never told '{beginning}', but: {string.Join("; ", told.TakeLast(10))}");
        }
    }

    /// <summary>Every line until its end.</summary>
    public async Task<List<string>> RestAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Generous);
        return await _told.Reader.ReadAllAsync().ToListAsync();
    }

    public void Kill() => Signal(9);

    public void Stop() => Signal(19);

    public void Continue() => Signal(18);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Signal(int signal)
    {
        if (SendSignal(_process.Id, signal) != 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);
}
