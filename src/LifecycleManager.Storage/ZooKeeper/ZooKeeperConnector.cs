using System.Globalization;
using LifecycleManager.Storage.ZooKeeper.Wire;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Storage.ZooKeeper;

/// <summary>
/// Keeps a session over lost connections, on another server if need be, and begins a new one when it has ended.
/// </summary>
internal sealed partial class ZooKeeperConnector : IAsyncDisposable
{
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(1);

    private readonly ZooKeeperOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _gate = new();
    private readonly Task _running;
    private TaskCompletionSource<ZooKeeperConnection> _connected = NewConnected();
    private string _trouble = "no server has answered yet";

    public ZooKeeperConnector(ZooKeeperOptions options, TimeProvider time, ILogger log)
    {
        (_options, _time, _log) = (options, time, log);
        _running = Task.Run(RunAsync);
    }

    /// <summary>The session that is connected now; waits for one.</summary>
    public async Task<ZooKeeperSession> SessionAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var connection = await ConnectedTask().WaitAsync(cancellation);
            if (!connection.Session.Ended.IsCancellationRequested) return connection.Session;
            await Task.Delay(TimeSpan.FromMilliseconds(10), _time, cancellation);
        }
    }

    /// <summary>The present connection; waits for one, for the options' patience at most.</summary>
    /// <param name="start">When the wait began.</param>
    /// <param name="session">The session in which alone the connection is of use; null for any.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="StateUnavailableException">No server can be reached.</exception>
    /// <exception cref="SessionEndedException">The session is over.</exception>
    public async Task<ZooKeeperConnection> ConnectAsync(long start, ZooKeeperSession? session, CancellationToken cancellation)
    {
        if (session is { Ended.IsCancellationRequested: true }) throw new SessionEndedException();
        ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
        var left = _options.Patience - _time.GetElapsedTime(start);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation, session?.Ended ?? default, _closing.Token);
        try
        {
            var connection = await ConnectedTask().WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time, ends.Token);
            return session is null || connection.Session == session ? connection : throw new SessionEndedException();
        }
        catch (TimeoutException)
        {
            throw new StateUnavailableException($"ZooKeeper at {_options} cannot be reached: {Volatile.Read(ref _trouble)}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
            throw new SessionEndedException();
        }
    }

    /// <summary>Ends the session, and its ephemeral nodes with it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_closing.IsCancellationRequested) return;
        if (ConnectedTask() is { IsCompletedSuccessfully: true, Result: var connection })
        {
            try
            {
                await connection.SendAsync(OpCode.CloseSession, new JuteWriter(), "/").WaitAsync(TimeSpan.FromSeconds(1), _time);
            }
            catch (Exception e) when (e is ConnectionLostException or TimeoutException or ZooKeeperException)
            {
                // Then it expires.
            }
        }

        await _closing.CancelAsync();
        await _running;
    }

    private static TaskCompletionSource<ZooKeeperConnection> NewConnected() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task<ZooKeeperConnection> ConnectedTask()
    {
        lock (_gate) return _connected.Task;
    }

    private async Task RunAsync()
    {
        ZooKeeperSession? session = null;
        var failures = 0;
        for (var next = 0; !_closing.IsCancellationRequested; next++)
        {
            var (host, port) = _options.Servers[next % _options.Servers.Count];
            try
            {
                if (session is { Ended.IsCancellationRequested: true })
                {
                    LogEnded(session.Id.ToString("x", CultureInfo.InvariantCulture));
                    session.Dispose();
                    session = null;
                }

                // A third of the timeout is there to find another server: not all of it for one.
                var timeout = (session?.Timeout ?? _options.Timeout) / 6;
                using var attempt = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
                attempt.CancelAfter(timeout < TimeSpan.FromMilliseconds(250) ? TimeSpan.FromMilliseconds(250) : timeout);
                await using var connection = await ZooKeeperConnection.OpenAsync(host, port, session, _options.Timeout, _time,
                    attempt.Token);
                if (connection is null)
                {
                    session!.End();
                    next--;
                    continue;
                }

                session = connection.Session;
                failures = 0;
                await ServeAsync(connection);
                Volatile.Write(ref _trouble, $"the connection to {host}:{port} was lost");
            }
            catch (Exception e) when (e is not ObjectDisposedException)
            {
                Volatile.Write(ref _trouble, e is OperationCanceledException
                    ? $"{host}:{port} does not answer" : $"{host}:{port}: {e.Message}");
            }

            if (_closing.IsCancellationRequested) break;
            LogTrouble(Volatile.Read(ref _trouble));
            if (++failures < _options.Servers.Count) continue;
            var wait = TimeSpan.FromMilliseconds(25 * Math.Pow(2, Math.Min(failures - _options.Servers.Count, 10)));
            await Task.Delay(wait < LongestBackoff ? wait : LongestBackoff, _time, _closing.Token).ContinueWith(
                _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        session?.Dispose();
        lock (_gate) _connected.TrySetException(new ObjectDisposedException(nameof(ZooKeeperConnector)));
        _ = ConnectedTask().Exception;
    }

    private async Task ServeAsync(ZooKeeperConnection connection)
    {
        // First in the queue; a wrong password makes the server cut the connection.
        var auth = _options.Digest is { } digest
            ? connection.SendAsync(OpCode.Auth, new JuteWriter().Int(0).Text("digest").Text(digest), "auth")
            : Task.CompletedTask;
        await using var closing = _closing.Token.Register(connection.Lose);
        await using var ended = connection.Session.Ended.Register(connection.Lose);
        var running = connection.RunAsync();
        try
        {
            await auth;
            lock (_gate) _connected.TrySetResult(connection);
            await running;
        }
        finally
        {
            lock (_gate)
            {
                if (_connected.Task.IsCompleted) _connected = NewConnected();
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "ZooKeeper: {Trouble}")]
    private partial void LogTrouble(string trouble);

    [LoggerMessage(LogLevel.Warning, "The ZooKeeper session {Session} has ended, beginning another")]
    private partial void LogEnded(string session);
}
