using System.Text;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Sessions;

/// <summary>
/// A command beside a task, and the connection that it lives with: when that is lost, the command ends. So it does after a time
/// without a byte to or fro, when its task ends, and when the agent stops.
/// </summary>
/// <remarks>
/// What it writes is read as quickly as its connection takes it. Others that listen are left when they do not keep up
/// (<see cref="SessionListener"/>).
/// </remarks>
internal sealed class Session : IDisposable
{
    /// <summary>Between two signs of life to the connection.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LastOutput = TimeSpan.FromSeconds(1);
    private readonly ISessionProcess _process;
    private readonly TimeProvider _time;
    private readonly TimeSpan _idle;
    private readonly TimeLimit _limit;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Lock _gate = new();
    private readonly List<SessionListener> _listeners = [];
    private readonly SessionMemory _memory;
    private readonly TaskCompletionSource<int?> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _hasInput;
    private bool _isOver;

    /// <param name="id">Its id.</param>
    /// <param name="owner">Who has begun it; null where nobody is asked who he is.</param>
    /// <param name="process">What runs.</param>
    /// <param name="idle">How long it may be without a byte to or fro.</param>
    /// <param name="memory">Counts what waits for those that listen.</param>
    /// <param name="time">The clock.</param>
    public Session(
        ContainerId id, string? owner, ISessionProcess process, TimeSpan idle, SessionMemory memory, TimeProvider time)
    {
        (Id, Owner, _process, _idle, _memory, _time) = (id, owner, process, idle, memory, time);
        _limit = new TimeLimit(time, idle, _stop.Token);
    }

    /// <summary>Its id, with the task's container for its parent.</summary>
    public ContainerId Id { get; }

    /// <summary>Who has begun it; null where nobody is asked who he is.</summary>
    public string? Owner { get; }

    /// <summary>Completes when all of it has ended: with the command's exit code; null when nobody knows.</summary>
    public Task<int?> Exit => _exit.Task;

    /// <summary>Why it has ended, for people.</summary>
    public string End { get; private set; } = "it runs";

    /// <summary>Bytes that it has taken, and given.</summary>
    public (long In, long Out) Bytes { get; private set; }

    /// <summary>Runs until it ends, whatever ends it; then nothing of it is left.</summary>
    /// <param name="send">Sends a record to whoever has begun it; waits until it is taken.</param>
    /// <param name="task">Completes when the task has ended.</param>
    /// <param name="lost">Cancelled when the connection is lost.</param>
    public async Task RunAsync(Func<byte[], CancellationToken, Task> send, Task task, CancellationToken lost)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(lost, _limit.Token);
        async Task SendAsync(byte[] record)
        {
            await _turn.WaitAsync(end.Token);
            try
            {
                await send(record, end.Token);
            }
            finally
            {
                _turn.Release();
            }
        }

        var output = _process.ReadAsync(async (stream, bytes) =>
        {
            Touch(0, bytes.Length);
            var record = RecordIo.Encode(ProcessIo.Of(stream, bytes.ToArray()), MesosJson.Default.ProcessIo);
            Tell(record);
            await SendAsync(record);
        }, end.Token);
        var life = LiveAsync(SendAsync, end.Token);
        Task? first = null;
        try
        {
            var cancelled = Task.Delay(Timeout.InfiniteTimeSpan, _time, end.Token);
            first = await Task.WhenAny(_process.Exit, task, output, life, cancelled);
            // Of a command whose output has ended the exit follows.
            if (first == output && output.IsCompletedSuccessfully)
                first = await Task.WhenAny(_process.Exit, task, life, cancelled);
            if (first == _process.Exit) await DrainAsync(output, end.Token);
            End = first == _process.Exit ? "it has ended"
                : first == task ? "its task has ended"
                : _stop.IsCancellationRequested ? "the agent stops"
                : lost.IsCancellationRequested || !_limit.Token.IsCancellationRequested ? "its connection was lost"
                : $"nothing came or went for {DurationText.Format(_idle)}";
        }
        finally
        {
            await FinishAsync(end, output, life);
        }

        // Who sits before a terminal is told why it is gone.
        if (first != _process.Exit && !lost.IsCancellationRequested) await TellEndAsync(send, lost);
    }

    /// <summary>Takes the input for a client; null where another has it.</summary>
    public IDisposable? TakeInput()
    {
        lock (_gate)
        {
            if (_hasInput) return null;
            _hasInput = true;
            return new Input(this);
        }
    }

    /// <summary>Takes what a client sends; waits while the command reads nothing.</summary>
    /// <exception cref="IOException">The command reads no more.</exception>
    public async Task TakeAsync(ProcessIo io, CancellationToken cancellation)
    {
        if (io is { Data: { Type: ProcessStream.Stdin, Data: var bytes } })
        {
            Touch(bytes.Length, 0);
            await _process.WriteAsync(bytes, cancellation);
        }
        else if (io.Control?.TtyInfo?.WindowSize is { } window)
        {
            await _process.ResizeAsync(window, cancellation);
        }
    }

    /// <summary>What it writes from now on, to its end; or until the reader does not keep up.</summary>
    public IAsyncEnumerable<byte[]> ListenAsync(CancellationToken cancellation)
    {
        var listener = new SessionListener(_memory);
        lock (_gate)
        {
            if (_isOver) listener.Complete();
            else _listeners.Add(listener);
        }

        return listener.ReadAsync(cancellation);
    }

    /// <summary>Sends a signal to the command.</summary>
    public Task SignalAsync(int signal, CancellationToken cancellation) => _process.SignalAsync(signal, cancellation);

    /// <summary>Ends it, since the agent stops.</summary>
    public async Task StopAsync()
    {
        try
        {
            await _stop.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It has just ended by itself.
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _limit.Dispose();
        _stop.Dispose();
        _turn.Dispose();
    }

    /// <summary>Lets what the command wrote last be taken; what it leaves running may hold its output open for ever.</summary>
    private async Task DrainAsync(Task output, CancellationToken cancellation)
    {
        while (!output.IsCompleted && !cancellation.IsCancellationRequested)
        {
            var before = Bytes.Out;
            await Task.WhenAny(output, Task.Delay(LastOutput, _time, cancellation));
            if (Bytes.Out == before && _turn.CurrentCount > 0) return;
        }
    }

    private async Task FinishAsync(CancellationTokenSource end, Task output, Task life)
    {
        try
        {
            await _process.DisposeAsync();
        }
        finally
        {
            await end.CancelAsync();
            await Task.WhenAll(output, life).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            lock (_gate)
            {
                _isOver = true;
                foreach (var listener in _listeners) listener.Complete();
                _listeners.Clear();
            }

            _exit.TrySetResult(_process.Exit.IsCompletedSuccessfully ? await _process.Exit : null);
        }
    }

    private async Task TellEndAsync(Func<byte[], CancellationToken, Task> send, CancellationToken lost)
    {
        using var limit = new TimeLimit(_time, LastOutput, lost);
        try
        {
            await send(RecordIo.Encode(
                ProcessIo.Of(ProcessStream.Stderr, Encoding.UTF8.GetBytes($"\r\nlcm: the command is ended: {End}\r\n")),
                MesosJson.Default.ProcessIo), limit.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // He has gone, or holds his terminal.
        }
    }

    private async Task LiveAsync(Func<byte[], Task> send, CancellationToken cancellation)
    {
        var sign = RecordIo.Encode(new ProcessIo
        {
            Type = ProcessIoType.Control,
            Control = new ProcessIoControl
            {
                Type = ProcessControlType.Heartbeat,
                Heartbeat = new ProcessHeartbeat(DurationInfo.From(Heartbeat)),
            },
        }, MesosJson.Default.ProcessIo);
        while (true)
        {
            await Task.Delay(Heartbeat, _time, cancellation);
            await send(sign);
        }
    }

    private void Tell(byte[] record)
    {
        lock (_gate) _listeners.RemoveAll(listener => !listener.TryTell(record));
    }

    private void Touch(int taken, int given)
    {
        lock (_gate) Bytes = (Bytes.In + taken, Bytes.Out + given);
        _limit.Restart(_idle);
    }

    private sealed class Input(Session session) : IDisposable
    {
        public void Dispose()
        {
            lock (session._gate) session._hasInput = false;
        }
    }
}
