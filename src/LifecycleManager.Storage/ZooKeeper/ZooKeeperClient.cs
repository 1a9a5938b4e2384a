using System.Globalization;
using LifecycleManager.Storage.ZooKeeper.Wire;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Storage.ZooKeeper;

/// <summary>
/// A client of ZooKeeper's wire protocol, as far as the store and the election need it. Keeps a session over lost connections,
/// on another server if need be, and begins a new one when it has ended. Paths are below the root.
/// </summary>
internal sealed partial class ZooKeeperClient : IAsyncDisposable
{
    /// <summary>The server takes no longer request (its <c>jute.maxbuffer</c> is 1 MiB unless changed), with room for the framing.</summary>
    public const int MaxRequest = 1_000_000;

    private const int MaxCalls = 1024;
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(1);
    private static readonly byte[] Everybody = AllRights("world", "anyone");

    private readonly ZooKeeperOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly byte[] _acl;
    private readonly CancellationTokenSource _closing = new();
    private readonly SemaphoreSlim _calls = new(MaxCalls);
    private readonly Lock _gate = new();
    private readonly Task _running;
    private TaskCompletionSource<ZooKeeperConnection> _connected = NewConnected();
    private string _trouble = "no server has answered yet";

    public ZooKeeperClient(ZooKeeperOptions options, TimeProvider time, ILogger log)
    {
        (_options, _time, _log) = (options, time, log);
        _acl = options.Digest is null ? Everybody : AllRights("auth", "");
        _running = Task.Run(RunAsync);
    }

    /// <summary>The servers and the root, for messages.</summary>
    public string Name => _options.ToString();

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

    /// <summary>Creates a node and returns its path. Not repeated: a lost connection leaves the outcome unknown.</summary>
    public async Task<string> CreateAsync(CreateNode node, ZooKeeperSession? session = null, CancellationToken cancellation = default)
    {
        var body = new JuteWriter();
        node.Write(body, Absolute(node.Path), _acl);
        var reply = await CallAsync(OpCode.Create, body, Absolute(node.Path), repeat: false, null, session, cancellation);
        return new JuteReader(reply).Text()[_options.Root.Length..];
    }

    /// <summary>Creates the nodes of a path that are not there yet.</summary>
    public async Task EnsureAsync(string path, CancellationToken cancellation = default)
    {
        // The nodes above the root are not ours alone: everybody may use them who may use ZooKeeper at all. What lies
        // below the root is safe all the same, since a node that has children cannot be deleted.
        var absolute = Absolute(path);
        for (var slash = absolute.IndexOf('/', 1); ; slash = absolute.IndexOf('/', slash + 1))
        {
            var node = slash < 0 ? absolute : absolute[..slash];
            var body = new JuteWriter();
            new CreateNode(node, default).Write(body, node, node.Length < _options.Root.Length ? Everybody : _acl);
            try
            {
                await CallAsync(OpCode.Create, body, node, repeat: true, null, null, cancellation);
            }
            catch (ZooKeeperException e) when (e.Error == ZooKeeperError.NodeExists)
            {
            }
            catch (ZooKeeperException e) when (e.Error == ZooKeeperError.NoAuth && slash >= 0)
            {
                // Somebody else's node above ours, most likely there; if not, the next one tells.
            }

            if (slash < 0) return;
        }
    }

    /// <param name="path">The node.</param>
    /// <param name="watch">Completed when it is created, changed or deleted, or the connection is lost.</param>
    /// <param name="session">The session in which alone the call makes sense.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<NodeStat?> ExistsAsync(
        string path, TaskCompletionSource? watch = null, ZooKeeperSession? session = null, CancellationToken cancellation = default)
    {
        try
        {
            var body = new JuteWriter().Text(Absolute(path)).Bool(watch is not null);
            return new JuteReader(await CallAsync(OpCode.Exists, body, Absolute(path), repeat: true, watch, session, cancellation)).Stat();
        }
        catch (ZooKeeperException e) when (e.Error == ZooKeeperError.NoNode)
        {
            return null;
        }
    }

    public async Task<(byte[] Data, NodeStat Stat)?> GetDataAsync(
        string path, TaskCompletionSource? watch = null, ZooKeeperSession? session = null, CancellationToken cancellation = default)
    {
        try
        {
            var body = new JuteWriter().Text(Absolute(path)).Bool(watch is not null);
            var reply = new JuteReader(await CallAsync(OpCode.GetData, body, Absolute(path), repeat: true, watch, session, cancellation));
            return (reply.Bytes(), reply.Stat());
        }
        catch (ZooKeeperException e) when (e.Error == ZooKeeperError.NoNode)
        {
            return null;
        }
    }

    /// <summary>The names of a node's children, in no order; none when the node is missing.</summary>
    public async Task<IReadOnlyList<string>> GetChildrenAsync(
        string path, TaskCompletionSource? watch = null, ZooKeeperSession? session = null, CancellationToken cancellation = default)
    {
        try
        {
            var body = new JuteWriter().Text(Absolute(path)).Bool(watch is not null);
            return new JuteReader(await CallAsync(OpCode.GetChildren2, body, Absolute(path), repeat: true, watch, session, cancellation)).Texts();
        }
        catch (ZooKeeperException e) when (e.Error == ZooKeeperError.NoNode)
        {
            return [];
        }
    }

    /// <summary>Sets a node's data and returns its new version. Not repeated.</summary>
    public async Task<int> SetDataAsync(SetNode node, ZooKeeperSession? session = null, CancellationToken cancellation = default)
    {
        var body = new JuteWriter();
        node.Write(body, Absolute(node.Path), _acl);
        return new JuteReader(await CallAsync(OpCode.SetData, body, Absolute(node.Path), repeat: false, null, session, cancellation)).Stat().Version;
    }

    /// <summary>Deletes a node whatever its version; says whether it was there (or, when repeated, may have been deleted by us before).</summary>
    public async Task<bool> DeleteAsync(string path, ZooKeeperSession? session = null, CancellationToken cancellation = default)
    {
        try
        {
            var body = new JuteWriter();
            new DeleteNode(path, -1).Write(body, Absolute(path), _acl);
            await CallAsync(OpCode.Delete, body, Absolute(path), repeat: true, null, session, cancellation);
            return true;
        }
        catch (ZooKeeperException e) when (e.Error == ZooKeeperError.NoNode)
        {
            return false;
        }
    }

    /// <summary>What is read on this session from now on is no older than now.</summary>
    public Task SyncAsync(ZooKeeperSession? session = null, CancellationToken cancellation = default) =>
        CallAsync(OpCode.Sync, new JuteWriter().Text(Absolute("/")), Absolute("/"), repeat: true, null, session, cancellation);

    /// <summary>
    /// Does all, or nothing, and returns the new version of each node that was set (0 for the others). Not repeated: a
    /// <see cref="ConnectionLostException"/> leaves the outcome unknown.
    /// </summary>
    /// <exception cref="ZooKeeperException">Names the operation that was refused.</exception>
    public async Task<int[]> MultiAsync(
        IReadOnlyList<NodeOperation> operations, ZooKeeperSession? session = null, CancellationToken cancellation = default)
    {
        var body = new JuteWriter();
        foreach (var operation in operations)
        {
            body.Int((int)operation.Code).Bool(false).Int(-1);
            operation.Write(body, Absolute(operation.Path), _acl);
        }

        body.Int(-1).Bool(true).Int(-1);
        if (body.Written.Length > MaxRequest)
        {
            throw new StateTooLargeException(
                $"the batch has {body.Written.Length} bytes, over the {MaxRequest} that ZooKeeper takes in one transaction");
        }

        var reply = new JuteReader(await CallAsync(OpCode.Multi, body, "a batch", repeat: false, null, session, cancellation));
        var versions = new int[operations.Count];
        ZooKeeperException? refusal = null;
        for (var i = 0; ; i++)
        {
            var type = (OpCode)reply.Int();
            var done = reply.Bool();
            reply.Int();
            if (done) break;
            if (i >= operations.Count) throw new InvalidDataException("ZooKeeper answered more operations than were asked");
            switch (type)
            {
                case OpCode.Create:
                    reply.Text();
                    break;
                case OpCode.SetData:
                    versions[i] = reply.Stat().Version;
                    break;
                case OpCode.Error:
                    // Those before the refused one say Ok, those after it RuntimeInconsistency.
                    var error = (ZooKeeperError)reply.Int();
                    if (error is not (ZooKeeperError.Ok or ZooKeeperError.RuntimeInconsistency)) refusal ??= new(error, operations[i].Path, i);
                    break;
            }
        }

        return refusal is null ? versions : throw refusal;
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

    private static TaskCompletionSource<ZooKeeperConnection> NewConnected() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task<ZooKeeperConnection> ConnectedTask()
    {
        lock (_gate) return _connected.Task;
    }

    private static byte[] AllRights(string scheme, string id) => new JuteWriter().Int(1).Int(31).Text(scheme).Text(id).Written.ToArray();

    private string Absolute(string path) => path == "/" && _options.Root.Length > 0 ? _options.Root : _options.Root + path;

    private async Task<ReadOnlyMemory<byte>> CallAsync(
        OpCode code, JuteWriter body, string path, bool repeat, TaskCompletionSource? watch, ZooKeeperSession? session, CancellationToken cancellation)
    {
        var start = _time.GetTimestamp();
        await _calls.WaitAsync(cancellation);
        try
        {
            while (true)
            {
                var connection = await ConnectAsync(start, session, cancellation);
                try
                {
                    var reply = connection.SendAsync(code, body, path, watch);

                    // Who cancels a write would never know: it is waited for, and the heartbeat bounds the wait.
                    return await (repeat ? reply.WaitAsync(cancellation) : reply);
                }
                catch (ConnectionLostException e) when (repeat || !e.Sent)
                {
                    // A watch that its loss has completed stays so, and makes the caller look again at once.
                    await Task.Delay(TimeSpan.FromMilliseconds(10), _time, cancellation);
                }
                catch (ZooKeeperException e) when (e.Error is ZooKeeperError.NoAuth or ZooKeeperError.AuthFailed or ZooKeeperError.InvalidAcl)
                {
                    if (code == OpCode.Create) throw;
                    throw new StateUnavailableException($"{Name} does not let us in: {e.Message}", e);
                }
            }
        }
        finally
        {
            _calls.Release();
        }
    }

    private async Task<ZooKeeperConnection> ConnectAsync(long start, ZooKeeperSession? session, CancellationToken cancellation)
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
            throw new StateUnavailableException($"ZooKeeper at {Name} cannot be reached: {Volatile.Read(ref _trouble)}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
            throw new SessionEndedException();
        }
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
                await using var connection = await ZooKeeperConnection.OpenAsync(host, port, session, _options.Timeout, _time, attempt.Token);
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
                Volatile.Write(ref _trouble, e is OperationCanceledException ? $"{host}:{port} does not answer" : $"{host}:{port}: {e.Message}");
            }

            if (_closing.IsCancellationRequested) break;
            LogTrouble(Volatile.Read(ref _trouble));
            if (++failures < _options.Servers.Count) continue;
            var wait = TimeSpan.FromMilliseconds(25 * Math.Pow(2, Math.Min(failures - _options.Servers.Count, 10)));
            await Task.Delay(wait < LongestBackoff ? wait : LongestBackoff, _time, _closing.Token).ContinueWith(
                _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        session?.Dispose();
        lock (_gate) _connected.TrySetException(new ObjectDisposedException(nameof(ZooKeeperClient)));
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
