using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Containerizers;

/// <summary>What runs beside a task in its container.</summary>
/// <param name="Id">What its processes are known by: <see cref="SessionMark"/>.</param>
/// <param name="Command">The program and its arguments.</param>
/// <param name="Environment">Variables beside those of the task.</param>
/// <param name="Terminal">Its terminal; null for none.</param>
internal sealed record SessionStart(
    string Id, IReadOnlyList<string> Command, IReadOnlyDictionary<string, string> Environment, TtyInfo? Terminal)
{
    /// <summary>Variables that it has in any case: its mark, and of a terminal its kind.</summary>
    public IEnumerable<KeyValuePair<string, string>> Variables
    {
        get
        {
            if (Terminal is not null && !Environment.ContainsKey("TERM")) yield return new("TERM", "xterm");
            foreach (var variable in Environment) yield return variable;
            yield return new(SessionMark.Variable, Id);
        }
    }
}

/// <summary>A command that runs beside a task in its container. Disposed of, all that it has begun is ended.</summary>
internal interface ISessionProcess : IAsyncDisposable
{
    /// <summary>
    /// Completes when the command has ended: with its exit code, 128 + N when signal N ended it; null when nobody knows.
    /// </summary>
    Task<int?> Exit { get; }

    /// <summary>Reads all that it writes, to the end of it.</summary>
    /// <param name="take">Gets each part; the next one is read when it is done. Never called twice at once.</param>
    /// <param name="cancellation">Ends the reading.</param>
    Task ReadAsync(Func<ProcessStream, ReadOnlyMemory<byte>, ValueTask> take, CancellationToken cancellation);

    /// <summary>Writes to its standard input; waits while it reads nothing. Nothing is the end of its input.</summary>
    /// <exception cref="IOException">It reads no more.</exception>
    Task WriteAsync(byte[] data, CancellationToken cancellation);

    /// <summary>Its terminal has another size.</summary>
    Task ResizeAsync(TtyWindow window, CancellationToken cancellation);

    /// <summary>Sends a signal to it.</summary>
    Task SignalAsync(int signal, CancellationToken cancellation);
}
