namespace LifecycleManager.Storage.ZooKeeper.Wire;

/// <summary>Request types by ZooKeeper's numbers.</summary>
internal enum OpCode
{
    Error = -1,
    Create = 1,
    Delete = 2,
    Exists = 3,
    GetData = 4,
    SetData = 5,
    GetAcl = 6,
    SetAcl = 7,
    Sync = 9,
    Ping = 11,
    GetChildren2 = 12,
    Check = 13,
    Multi = 14,
    Auth = 100,
    CloseSession = -11,
}

/// <summary>Errors by ZooKeeper's numbers.</summary>
internal enum ZooKeeperError
{
    Ok = 0,
    RuntimeInconsistency = -2,
    NoNode = -101,
    NoAuth = -102,
    BadVersion = -103,
    NodeExists = -110,
    NotEmpty = -111,
    SessionExpired = -112,
    InvalidAcl = -114,
    AuthFailed = -115,
    SessionMoved = -118,
}

/// <summary>How a node is created, by ZooKeeper's flags.</summary>
internal enum CreateMode
{
    Persistent = 0,
    EphemeralSequential = 3,
}

/// <summary>The server refused a request.</summary>
internal sealed class ZooKeeperException(ZooKeeperError error, string path, int operation = 0)
    : Exception($"ZooKeeper refused '{path}': {(Enum.IsDefined(error) ? error.ToString() : ((int)error).ToString())}")
{
    public ZooKeeperError Error { get; } = error;

    /// <summary>Which operation of a multi it was.</summary>
    public int Operation { get; } = operation;
}

/// <summary>The connection was lost.</summary>
/// <param name="sent">Whether the request may have reached the server.</param>
internal sealed class ConnectionLostException(string server, bool sent)
    : Exception($"the connection to ZooKeeper at {server} was lost{(sent ? " before the answer" : "")}")
{
    public bool Sent { get; } = sent;
}

/// <summary>The session that a call belongs to has ended.</summary>
internal sealed class SessionEndedException() : Exception("the ZooKeeper session has ended");

/// <summary>One operation of a multi.</summary>
internal abstract record NodeOperation(OpCode Code, string Path)
{
    public abstract void Write(JuteWriter writer, string path, ReadOnlySpan<byte> acl);
}

internal sealed record CreateNode(string Path, ReadOnlyMemory<byte> Data, CreateMode Mode = CreateMode.Persistent)
    : NodeOperation(OpCode.Create, Path)
{
    public override void Write(JuteWriter writer, string path, ReadOnlySpan<byte> acl) =>
        writer.Text(path).Bytes(Data.Span).Raw(acl).Int((int)Mode);
}

/// <param name="Version">The version it must have, or -1.</param>
internal sealed record SetNode(string Path, ReadOnlyMemory<byte> Data, int Version) : NodeOperation(OpCode.SetData, Path)
{
    public override void Write(JuteWriter writer, string path, ReadOnlySpan<byte> acl) =>
        writer.Text(path).Bytes(Data.Span).Int(Version);
}

/// <param name="Version">The version it must have, or -1.</param>
internal sealed record DeleteNode(string Path, int Version) : NodeOperation(OpCode.Delete, Path)
{
    public override void Write(JuteWriter writer, string path, ReadOnlySpan<byte> acl) => writer.Text(path).Int(Version);
}

/// <param name="Version">The version it must have, or -1.</param>
internal sealed record CheckNode(string Path, int Version) : NodeOperation(OpCode.Check, Path)
{
    public override void Write(JuteWriter writer, string path, ReadOnlySpan<byte> acl) => writer.Text(path).Int(Version);
}
