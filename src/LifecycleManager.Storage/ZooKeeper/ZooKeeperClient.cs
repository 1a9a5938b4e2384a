using LifecycleManager.Storage.ZooKeeper.Wire;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Storage.ZooKeeper;

/// <summary>
/// The operations of ZooKeeper's wire protocol that the store and the election need, over lost connections where they may be
/// repeated. Paths are below the root.
/// </summary>
internal sealed class ZooKeeperClient : IAsyncDisposable
{
    /// <summary>
    /// The server takes no longer request (its <c>jute.maxbuffer</c> is 1 MiB unless changed), with room for the framing.
    /// </summary>
    public const int MaxRequest = 1_000_000;

    private const int MaxCalls = 1024;
    private static readonly byte[] Everybody = AllRights("world", "anyone");

    private readonly ZooKeeperOptions _options;
    private readonly TimeProvider _time;
    private readonly byte[] _acl;
    private readonly SemaphoreSlim _calls = new(MaxCalls);
    private readonly ZooKeeperConnector _connector;

    public ZooKeeperClient(ZooKeeperOptions options, TimeProvider time, ILogger log)
    {
        (_options, _time) = (options, time);
        _acl = options.Digest is null ? Everybody : AllRights("auth", "");
        _connector = new ZooKeeperConnector(options, time, log);
    }

    /// <summary>Whether nodes are a user's alone.</summary>
    public bool HasUser => _options.Digest is not null;

    /// <summary>The servers and the root, for messages.</summary>
    public string Name => _options.ToString();

    /// <inheritdoc cref="ZooKeeperConnector.SessionAsync"/>
    public Task<ZooKeeperSession> SessionAsync(CancellationToken cancellation) => _connector.SessionAsync(cancellation);

    /// <summary>Creates a node and returns its path. Not repeated: a lost connection leaves the outcome unknown.</summary>
    public async Task<string> CreateAsync(CreateNode node, ZooKeeperSession? session = null,
        CancellationToken cancellation = default)
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
        string path, TaskCompletionSource? watch = null, ZooKeeperSession? session = null, CancellationToken cancellation =
            default)
    {
        try
        {
            var body = new JuteWriter().Text(Absolute(path)).Bool(watch is not null);
            return new JuteReader(await CallAsync(OpCode.Exists, body, Absolute(path), repeat: true, watch, session,
                cancellation)).Stat();
        }
        catch (ZooKeeperException e) when (e.Error == ZooKeeperError.NoNode)
        {
            return null;
        }
    }

    public async Task<(byte[] Data, NodeStat Stat)?> GetDataAsync(
        string path, TaskCompletionSource? watch = null, ZooKeeperSession? session = null, CancellationToken cancellation =
            default)
    {
        try
        {
            var body = new JuteWriter().Text(Absolute(path)).Bool(watch is not null);
            var reply =
                new JuteReader(await CallAsync(OpCode.GetData, body, Absolute(path), repeat: true, watch, session, cancellation));
            return (reply.Bytes(), reply.Stat());
        }
        catch (ZooKeeperException e) when (e.Error == ZooKeeperError.NoNode)
        {
            return null;
        }
    }

    /// <summary>The names of a node's children, in no order; none when the node is missing.</summary>
    public async Task<IReadOnlyList<string>> GetChildrenAsync(
        string path, TaskCompletionSource? watch = null, ZooKeeperSession? session = null, CancellationToken cancellation =
            default)
    {
        try
        {
            var body = new JuteWriter().Text(Absolute(path)).Bool(watch is not null);
            return new JuteReader(await CallAsync(OpCode.GetChildren2, body, Absolute(path), repeat: true, watch, session,
                cancellation)).Texts();
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
        return new JuteReader(await CallAsync(OpCode.SetData, body, Absolute(node.Path), repeat: false, null, session,
            cancellation)).Stat().Version;
    }

    /// <summary>
    /// Deletes a node whatever its version; says whether it was there (or, when repeated, may have been deleted by us before).
    /// </summary>
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

    /// <summary>Whether everybody may use a node who gets to ZooKeeper at all.</summary>
    public async Task<bool> IsOpenAsync(string path, CancellationToken cancellation = default)
    {
        var body = new JuteWriter().Text(Absolute(path));
        var reply = new JuteReader(await CallAsync(OpCode.GetAcl, body, Absolute(path), repeat: true, null, null, cancellation));
        for (var left = reply.Int(); left > 0; left--)
        {
            reply.Int();
            var (scheme, _) = (reply.Text(), reply.Text());
            if (scheme == "world") return true;
        }

        return false;
    }

    /// <summary>Gives a node to our user alone; says whether it was there.</summary>
    public async Task<bool> CloseAsync(string path, CancellationToken cancellation = default)
    {
        var node = Absolute(path);
        try
        {
            await CallAsync(OpCode.SetAcl, new JuteWriter().Text(node).Raw(_acl).Int(-1), node, repeat: true, null, null,
                cancellation);
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
                    if (error is not (ZooKeeperError.Ok or ZooKeeperError.RuntimeInconsistency))
                        refusal ??= new(error, operations[i].Path, i);
                    break;
            }
        }

        return refusal is null ? versions : throw refusal;
    }

    /// <summary>Ends the session, and its ephemeral nodes with it.</summary>
    public ValueTask DisposeAsync() => _connector.DisposeAsync();

    private static byte[] AllRights(string scheme, string id) =>
        new JuteWriter().Int(1).Int(31).Text(scheme).Text(id).Written.ToArray();

    private string Absolute(string path) => path == "/" && _options.Root.Length > 0 ? _options.Root : _options.Root + path;

    private async Task<ReadOnlyMemory<byte>> CallAsync(
        OpCode code, JuteWriter body, string path, bool repeat, TaskCompletionSource? watch, ZooKeeperSession? session,
        CancellationToken cancellation)
    {
        var start = _time.GetTimestamp();
        await _calls.WaitAsync(cancellation);
        try
        {
            while (true)
            {
                var connection = await _connector.ConnectAsync(start, session, cancellation);
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
                catch (ZooKeeperException e) when (e.Error is ZooKeeperError.NoAuth or ZooKeeperError.AuthFailed
                    or ZooKeeperError.InvalidAcl)
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
}
