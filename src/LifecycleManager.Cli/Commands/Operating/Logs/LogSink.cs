using System.Text;
using LifecycleManager.Cli.Commands.Operating.Output;

namespace LifecycleManager.Cli.Commands.Operating.Logs;

/// <summary>
/// Where lines of logs go, from any number of readers: at a terminal made safe; a pipe gets the bytes as they are.
/// </summary>
internal sealed class LogSink : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Terminal _terminal;
    private readonly Stream? _raw;

    /// <param name="terminal">The terminal, or what stands for it.</param>
    public LogSink(Terminal terminal)
    {
        _terminal = terminal;
        if (!terminal.IsTerminal && ReferenceEquals(terminal.Output, System.Console.Out))
            _raw = new BufferedStream(System.Console.OpenStandardOutput(), 64 * 1024);
    }

    /// <summary>Writes a line behind its prefix.</summary>
    public void Write(string prefix, ReadOnlySpan<byte> line)
    {
        lock (_lock)
        {
            if (_raw is not null)
            {
                if (prefix.Length > 0) _raw.Write(Encoding.UTF8.GetBytes(prefix));
                _raw.Write(line);
                _raw.WriteByte((byte)'\n');
                return;
            }

            _terminal.Output.WriteLine(prefix + (_terminal.IsTerminal ? SafeText.LogLine(line) : Encoding.UTF8.GetString(line)));
        }
    }

    /// <summary>Has what was written be seen.</summary>
    public void Flush()
    {
        lock (_lock)
        {
            _raw?.Flush();
            _terminal.Output.Flush();
        }
    }

    /// <summary>A word of ours, beside the logs.</summary>
    public void Tell(string text)
    {
        lock (_lock) _terminal.Error.WriteLine($"lcm: {SafeText.Line(text)}");
    }

    /// <inheritdoc />
    public void Dispose() => Flush();
}
