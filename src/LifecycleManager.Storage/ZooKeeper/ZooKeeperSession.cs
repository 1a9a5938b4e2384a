namespace LifecycleManager.Storage.ZooKeeper;

/// <summary>
/// A session. It counts as ended at two thirds of its timeout after the last sign that the ensemble's leader heard of us, well
/// before the servers may let it expire; it is not taken up again then, though a server might still know it.
/// </summary>
internal sealed class ZooKeeperSession : IDisposable
{
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ended = new();
    private readonly ITimer _deadline;
    private long _proven;
    private long _lastZxid;

    /// <param name="id">By the server.</param>
    /// <param name="password">By the server; proves that the session is ours.</param>
    /// <param name="timeout">As negotiated.</param>
    /// <param name="asked">When it was asked for.</param>
    /// <param name="time">Measures the timeout.</param>
    public ZooKeeperSession(long id, byte[] password, TimeSpan timeout, long asked, TimeProvider time)
    {
        (Id, Password, Timeout, _proven, _time) = (id, password, timeout, asked, time);
        _deadline = time.CreateTimer(_ => CheckDeadline(), null, System.Threading.Timeout.InfiniteTimeSpan,
            System.Threading.Timeout.InfiniteTimeSpan);
        CheckDeadline();
    }

    public long Id { get; }

    public byte[] Password { get; }

    public TimeSpan Timeout { get; }

    /// <summary>The newest change that we know of; a server that is behind it will not take us.</summary>
    public long LastZxid => Volatile.Read(ref _lastZxid);

    /// <summary>Cancelled before the servers can let it expire, or when they have told us that they have.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>
    /// The leader has answered a request that was sent at this time. A follower's own answers prove nothing: cut off from the
    /// leader, it goes on answering reads and pings for a while, as the leader expires the session.
    /// </summary>
    public void Prove(long sent)
    {
        if (sent > Volatile.Read(ref _proven)) Volatile.Write(ref _proven, sent);
    }

    public void Saw(long zxid)
    {
        if (zxid > LastZxid) Volatile.Write(ref _lastZxid, zxid);
    }

    /// <summary>Ends it; <see cref="Ended"/> shows it on return.</summary>
    public void End() => _ = _ended.CancelAsync();

    public void Dispose()
    {
        End();
        _deadline.Dispose();
    }

    private void CheckDeadline()
    {
        var left = Timeout * 2 / 3 - _time.GetElapsedTime(Volatile.Read(ref _proven));
        if (left <= TimeSpan.Zero) End();
        else _deadline.Change(left, System.Threading.Timeout.InfiniteTimeSpan);
    }
}
