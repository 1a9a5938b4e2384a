using System.Text;
using LifecycleManager.Clients;
using LifecycleManager.Clients.Agents;
using LifecycleManager.Console.Clients;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Console.Terminals;

/// <summary>
/// A program beside an instance, on a terminal that a page shows: what it writes changes it, and what is typed goes to it.
/// It ends when it is disposed of.
/// </summary>
/// <param name="screen">The screen.</param>
/// <param name="time">The clock.</param>
/// <param name="changed">Called from whatever thread when the screen has changed; must return at once.</param>
internal sealed class TerminalSession(TerminalScreen screen, TimeProvider time, Action changed) : IDisposable
{
    // A program that writes without an end takes no more than this of the machine.
    private const int MostAtOnce = 64 * 1024;
    private const int MostWaiting = 256;
    private const int LongestInput = 64 * 1024;
    private const string Kind = "xterm";
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(50);

    private readonly TerminalParser _parser = new(screen);
    private readonly CancellationTokenSource _stop = new();
    private readonly System.Threading.Channels.Channel<ProcessIo> _typed =
        System.Threading.Channels.Channel.CreateBounded<ProcessIo>(MostWaiting);

    private AgentSession? _session;

    /// <summary>Held while the screen is read or changed.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Whether it runs.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>How it has ended, for people; null while it runs.</summary>
    public string? Ending { get; private set; }

    /// <summary>Begins a program, and follows it to its end.</summary>
    /// <param name="sandbox">The instance.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <exception cref="AgentRefusalException">The agent refuses it.</exception>
    /// <exception cref="HttpRequestException">It does not answer.</exception>
    public async Task BeginAsync(Sandbox sandbox, IReadOnlyList<string> command)
    {
        var session = new AgentSession(sandbox.Agent, sandbox.Container, time);
        try
        {
            await session.BeginAsync(command, new TtyInfo(new TtyWindow(screen.Rows, screen.Columns)), Kind, _stop.Token);
        }
        catch
        {
            session.Dispose();
            throw;
        }

        (_session, IsRunning) = (session, true);
        _ = session.SendAllAsync();
        _ = PassOnAsync(session);
        _ = ReadAsync(session);
    }

    /// <summary>Types something; false where so much waits already that it is not taken.</summary>
    public bool Type(string text) => text.Length <= LongestInput && IsRunning
        && _typed.Writer.TryWrite(ProcessIo.Of(ProcessStream.Stdin, Encoding.UTF8.GetBytes(text)));

    /// <summary>Makes the terminal another size.</summary>
    public void Resize(int rows, int columns)
    {
        lock (Gate)
        {
            if (rows == screen.Rows && columns == screen.Columns) return;
            screen.Resize(rows, columns);
        }

        _typed.Writer.TryWrite(new ProcessIo
        {
            Type = ProcessIoType.Control,
            Control = new ProcessIoControl
            {
                Type = ProcessControlType.TtyInfo,
                TtyInfo = new TtyInfo(new TtyWindow(screen.Rows, screen.Columns)),
            },
        });
        changed();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        IsRunning = false;
        _stop.Cancel();
        _session?.Dispose();
    }

    private async Task PassOnAsync(AgentSession session)
    {
        try
        {
            await foreach (var io in _typed.Reader.ReadAllAsync(_stop.Token)) await session.SendAsync(io);
        }
        catch (OperationCanceledException)
        {
            // It has ended.
        }
    }

    private async Task ReadAsync(AgentSession session)
    {
        var taken = 0;
        string ending;
        try
        {
            await session.ReadAsync(async (_, bytes) =>
            {
                lock (Gate) _parser.Take(bytes);
                changed();
                if ((taken += bytes.Length) < MostAtOnce) return;
                taken = 0;
                await time.DelayAsync(Breath, _stop.Token);
            });
            ending = await session.ExitAsync(_stop.Token) is { } code ? $"It has ended with exit code {code}."
                : "It has ended; how is not known.";
        }
        catch (Exception e) when (e is SessionLostException or AgentRefusalException or HttpRequestException or IOException
            or OperationCanceledException or ObjectDisposedException)
        {
            ending = $"It has ended: {(e is ObjectDisposedException ? "the page was left" : Failures.Describe(e))}";
        }

        (IsRunning, Ending) = (false, ending);
        changed();
    }
}
