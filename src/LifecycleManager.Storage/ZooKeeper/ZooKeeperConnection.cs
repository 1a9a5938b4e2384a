using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using LifecycleManager.Runtime.Loops;
using LifecycleManager.Storage.ZooKeeper.Wire;

namespace LifecycleManager.Storage.ZooKeeper;

/// <summary>
/// One connection of a session: requests go out in order and are answered in order, watches come between. It sends and receives
/// on two threads of its own: a process whose thread pool is busy, on a machine that is, keeps its session, and with it the lead.
/// </summary>
internal sealed class ZooKeeperConnection : IAsyncDisposable
{
    /// <summary>The longest reply we take, in bytes: a listing of some hundred thousand names.</summary>
    private const int MaxReply = 64 * 1024 * 1024;
    private const int MaxSend = 64 * 1024;
    private const int NotificationXid = -1;
    private const int AuthXid = -4;

    private readonly Lock _gate = new();
    private readonly Socket _socket;
    private readonly TimeProvider _time;

    // Not bounded by itself: the client bounds the calls.
    private readonly BlockingCollection<byte[]> _outgoing = [];
    private readonly Queue<ZooKeeperRequest> _waiting = new();
    private readonly Dictionary<string, List<TaskCompletionSource>> _watches = [];
    private int _xid;
    private bool _lost;

    private ZooKeeperConnection(string server, Socket socket, ZooKeeperSession session, TimeProvider time)
    {
        (Server, _socket, Session, _time) = (server, socket, session, time);

        // A third of the timeout without a byte, though a heartbeat is answered each eighth: a third is left to find another
        // server.
        var patience = (int)(session.Timeout / 3).TotalMilliseconds;
        (socket.ReceiveTimeout, socket.SendTimeout) = (patience, patience);
    }

    public string Server { get; }

    public ZooKeeperSession Session { get; }

    /// <summary>Connects, for a new session or to take one up again.</summary>
    /// <returns>Null when the server says that the session has expired.</returns>
    public static async Task<ZooKeeperConnection?> OpenAsync(
        string host, int port, ZooKeeperSession? session, TimeSpan timeout, TimeProvider time, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, cancellation);
            var asked = time.GetTimestamp();
            var request = new JuteWriter().Int(0).Long(session?.LastZxid ?? 0).Int((int)timeout.TotalMilliseconds)
                .Long(session?.Id ?? 0).Bytes(session?.Password ?? new byte[16]).Bool(false).ToFrame();
            await using var stream = new NetworkStream(socket, ownsSocket: false);
            await stream.WriteAsync(request, cancellation);
            var length = new byte[4];
            await stream.ReadExactlyAsync(length, cancellation);
            var body = new byte[CheckLength(BinaryPrimitives.ReadInt32BigEndian(length), 1024)];
            await stream.ReadExactlyAsync(body, cancellation);
            var reply = new JuteReader(body);
            reply.Int();
            var negotiated = reply.Int();
            var id = reply.Long();
            var password = reply.Bytes();
            if (negotiated <= 0)
            {
                socket.Dispose();
                return null;
            }

            // A session that was taken up again is proven by the first answer of the leader, as always.
            session ??= new ZooKeeperSession(id, password, TimeSpan.FromMilliseconds(negotiated), asked, time);
            return new ZooKeeperConnection($"{host}:{port}", socket, session, time);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Runs until the connection is lost; then everything that waits fails and every watch fires.</summary>
    public async Task RunAsync()
    {
        var tasks = new[] { OwnThread.RunAsync("ZooKeeper sender", Send), OwnThread.RunAsync("ZooKeeper receiver", Receive) };
        await Task.WhenAny(tasks);
        Lose();
        await Task.WhenAll(tasks.Select(task => task.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None,
            TaskScheduler.Default)));
    }

    /// <summary>Sends a request and returns the rest of its reply.</summary>
    /// <param name="code">The request's type.</param>
    /// <param name="body">Its record.</param>
    /// <param name="path">For watches and messages.</param>
    /// <param name="watch">Completed when the node changes, or the connection is lost.</param>
    /// <exception cref="ZooKeeperException">The server refused it.</exception>
    /// <exception cref="ConnectionLostException">No answer came.</exception>
    public Task<ReadOnlyMemory<byte>> SendAsync(OpCode code, JuteWriter body, string path, TaskCompletionSource? watch = null)
    {
        lock (_gate)
        {
            if (_lost) return Task.FromException<ReadOnlyMemory<byte>>(new ConnectionLostException(Server, sent: false));
            var xid = code == OpCode.Auth ? AuthXid : ++_xid;
            var request = new ZooKeeperRequest(xid, code, path, watch, _time.GetTimestamp());
            _waiting.Enqueue(request);
            _outgoing.Add(new JuteWriter().Int(xid).Int((int)code).Raw(body.Written).ToFrame());
            return request.Reply.Task;
        }
    }

    /// <summary>Cuts the connection.</summary>
    public void Lose()
    {
        List<ZooKeeperRequest> waiting;
        List<TaskCompletionSource> watches;
        lock (_gate)
        {
            if (_lost) return;
            _lost = true;
            waiting = [.. _waiting];
            watches = [.. _watches.Values.SelectMany(list => list), .. _waiting.Select(request => request.Watch)
                .OfType<TaskCompletionSource>()];
        }

        _outgoing.CompleteAdding();
        _socket.Dispose();
        foreach (var request in waiting) request.Reply.TrySetException(new ConnectionLostException(Server, sent: true));
        foreach (var watch in watches) watch.TrySetResult();
    }

    public ValueTask DisposeAsync()
    {
        Lose();
        return ValueTask.CompletedTask;
    }

    private static int CheckLength(int length, int most) =>
        length >= 0 && length <= most ? length : throw new InvalidDataException($"a ZooKeeper reply says it has {length} bytes");

    /// <summary>
    /// Sends what is asked, and a heartbeat: a sync where others ping. It keeps the session as well, and its answer comes from
    /// the leader.
    /// </summary>
    private void Send()
    {
        var buffer = new MemoryStream();
        var pause = Session.Timeout / 8;
        var beat = _time.GetTimestamp();
        Beat();
        while (!_outgoing.IsCompleted)
        {
            var left = pause - _time.GetElapsedTime(beat);
            if (left <= TimeSpan.Zero)
            {
                beat = _time.GetTimestamp();
                Beat();
                continue;
            }

            // What waits goes out together.
            buffer.SetLength(0);
            if (_outgoing.TryTake(out var frame, left)) buffer.Write(frame);
            while (buffer.Length is > 0 and < MaxSend && _outgoing.TryTake(out frame)) buffer.Write(frame);
            SendAll(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
        }
    }

    private void Beat() => SendAsync(OpCode.Sync, new JuteWriter().Text("/"), "/").ContinueWith(
        sync => _ = sync.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private void SendAll(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0) bytes = bytes[_socket.Send(bytes)..];
    }

    private void Receive()
    {
        var length = new byte[4];
        while (true)
        {
            ReceiveAll(length);
            var frame = new byte[CheckLength(BinaryPrimitives.ReadInt32BigEndian(length), MaxReply)];
            ReceiveAll(frame);
            Receive(new JuteReader(frame));
        }
    }

    private void ReceiveAll(Span<byte> into)
    {
        while (into.Length > 0)
        {
            var read = _socket.Receive(into);
            if (read == 0) throw new EndOfStreamException();
            into = into[read..];
        }
    }

    private void Receive(JuteReader reply)
    {
        var xid = reply.Int();
        var zxid = reply.Long();
        var error = (ZooKeeperError)reply.Int();
        if (xid == NotificationXid)
        {
            reply.Int();
            reply.Int();
            Fire(reply.Text());
            return;
        }

        ZooKeeperRequest request;
        lock (_gate)
        {
            if (!_waiting.TryPeek(out request!) || request.Xid != xid)
                throw new InvalidDataException($"ZooKeeper answered {xid}, which was not asked");
            _waiting.Dequeue();

            // Before the next reply is read, so that no notification can come ahead of it. A missing node can be watched for.
            if (request.Watch is not null)
            {
                if (error == ZooKeeperError.Ok || (error == ZooKeeperError.NoNode && request.Code == OpCode.Exists))
                    Watch(request.Path, request.Watch);
                else request.Watch.TrySetResult();
            }
        }

        if (zxid > 0) Session.Saw(zxid);
        if (error is ZooKeeperError.SessionExpired or ZooKeeperError.SessionMoved)
        {
            if (error is ZooKeeperError.SessionExpired) Session.End();
            request.Reply.TrySetException(new ConnectionLostException(Server, sent: false));
            throw new InvalidDataException($"ZooKeeper says {error}");
        }

        if (request.Code is OpCode.Sync or OpCode.Multi or OpCode.Create or OpCode.Delete && error == ZooKeeperError.Ok)
            Session.Prove(request.Sent);

        // A multi that fails has its results none the less.
        if (error == ZooKeeperError.Ok || (request.Code == OpCode.Multi && !reply.AtEnd)) request.Reply.TrySetResult(reply.Rest);
        else request.Reply.TrySetException(new ZooKeeperException(error, request.Path));
    }

    private void Watch(string path, TaskCompletionSource watch)
    {
        if (!_watches.TryGetValue(path, out var list)) _watches[path] = list = [];
        list.Add(watch);
    }

    private void Fire(string path)
    {
        List<TaskCompletionSource>? watches;
        lock (_gate) _watches.Remove(path, out watches);
        foreach (var watch in watches ?? []) watch.TrySetResult();
    }

    private sealed record ZooKeeperRequest(int Xid, OpCode Code, string Path, TaskCompletionSource? Watch, long Sent)
    {
        public TaskCompletionSource<ReadOnlyMemory<byte>> Reply { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
