using LifecycleManager.Runtime.Health;
using LifecycleManager.Runtime.Loops;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Registry;

/// <summary>
/// Writes to the store in order and in batches, each with the leadership's fence. Where the store takes nothing for some seconds
/// (it is full, or out of reach), whatever waits is withdrawn, and so is what comes until a write for trial has succeeded: nobody
/// waits for longer. A write that fails for another reason, or whose outcome is not known, ends the term.
/// </summary>
internal sealed partial class RegistryWriter : IRegistry, IOwner<RegistryChange>
{
    /// <summary>
    /// How long writes are repeated before they are withdrawn: with the ways there and back a call is answered within 5 s.
    /// </summary>
    public static readonly TimeSpan RefusalTimeout = TimeSpan.FromSeconds(4);

    /// <summary>Written for trial while the store refuses.</summary>
    public const string TrialKey = "master/trial";

    private const int Capacity = 65_536;
    private const int MaxBatch = 256;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly IStateStore _store;
    private readonly Fence _fence;
    private readonly TimeProvider _time;
    private readonly Func<Action, ValueTask> _post;
    private readonly SetAsideRecords _setAside;
    private readonly ILogger _log;
    private readonly OwnerLoop<RegistryChange> _loop;
    private readonly List<RegistryChange> _waiting = [];
    private readonly Deadlines<bool> _retries;
    private string _cause = "it does not answer";
    private long _failingSince;
    private int _kept;
    private volatile bool _isRefusing;

    // A withdrawal begins an epoch. What was committed before the master's loop knew of it may rest on what was withdrawn.
    private int _epoch;
    private int _knownEpoch;

    /// <param name="store">The store.</param>
    /// <param name="fence">The leadership's.</param>
    /// <param name="time">The clock.</param>
    /// <param name="post">Runs a continuation on the master's loop.</param>
    /// <param name="setAside">Records that are kept where they must be overwritten.</param>
    /// <param name="report">Where the loop tells its turns.</param>
    /// <param name="log">Told when the store begins to refuse, and when it takes writes again.</param>
    public RegistryWriter(
        IStateStore store, Fence fence, TimeProvider time, Func<Action, ValueTask> post, SetAsideRecords setAside,
        LoopReport report,
        ILogger log)
    {
        (_store, _fence, _time, _post, _setAside, _log) = (store, fence, time, post, setAside, log);
        _retries = new Deadlines<bool>(time);
        _loop = new OwnerLoop<RegistryChange>(this, time, report, Capacity, MaxBatch);
    }

    /// <summary>What is wrong with the store: no write has succeeded for some seconds; null where all is well.</summary>
    public string? Problem => _isRefusing || FailingFor >= RefusalTimeout
        ? $"the state store takes no writes: {Volatile.Read(ref _cause)}" : null;

    /// <inheritdoc/>
    public int Queued => _loop.Pending + Volatile.Read(ref _kept);

    /// <summary>Told what is written, and how long it took.</summary>
    public RegistryMetrics? Metrics { get; init; }

    TimeSpan? IOwner<RegistryChange>.NextDue => _retries.NextDue;

    private TimeSpan FailingFor => Volatile.Read(ref _failingSince) is var since && since != 0
        ? _time.GetElapsedTime(since) : TimeSpan.Zero;

    /// <inheritdoc/>
    public void Commit(IReadOnlyList<StateWrite> writes, Action durable, Action<string> refused)
    {
        var change = new RegistryChange(writes, durable, refused, _knownEpoch);
        if (!_loop.TryPost(change) && _loop.Pending >= Capacity)
            throw new InvalidOperationException("too many writes wait for the state store");
    }

    /// <summary>Runs until cancelled; once.</summary>
    public Task RunAsync(CancellationToken cancellation) => _loop.RunAsync(cancellation);

    async ValueTask IOwner<RegistryChange>.TurnAsync(IReadOnlyList<RegistryChange> inputs, CancellationToken cancellation)
    {
        _waiting.AddRange(inputs);
        Volatile.Write(ref _kept, _waiting.Count);
        await WriteAsync(cancellation);
        Volatile.Write(ref _kept, _waiting.Count);
    }

    private async ValueTask WriteAsync(CancellationToken cancellation)
    {
        var isDue = _retries.TryTake(out _);
        if (_isRefusing || _waiting.Exists(change => change.Epoch < _epoch))
        {
            await WithdrawAsync();
            if (_isRefusing && isDue) await TryTrialAsync(cancellation);
            return;
        }

        while (_waiting.Count > 0)
        {
            var count = Math.Min(_waiting.Count, MaxBatch);
            if (!await TryWriteAsync(Merge(_waiting.Take(count)), cancellation))
            {
                if (FailingFor >= RefusalTimeout) await RefuseAsync();
                else if (_retries.NextDue is null) _retries.Add(Retry, true);
                return;
            }

            var done = _waiting.GetRange(0, count);
            _waiting.RemoveRange(0, count);
            foreach (var change in done) await _post(change.Durable);
        }
    }

    // The term has ended, and whoever waits for the change learns that.
    void IOwner<RegistryChange>.Abandon(RegistryChange input, Exception? cause)
    {
    }

    /// <summary>Of several writes of a key the last stands, as it would after all of them.</summary>
    private List<StateWrite> Merge(IEnumerable<RegistryChange> changes)
    {
        var writes = new Dictionary<string, StateWrite>(StringComparer.Ordinal);
        foreach (var write in changes.SelectMany(change => change.Writes)) writes[write.Key] = write;
        return [.. _setAside.Keep(writes.Keys), .. writes.Values];
    }

    private async Task TryTrialAsync(CancellationToken cancellation)
    {
        if (!await TryWriteAsync([new StateWrite(TrialKey, "{}"u8.ToArray())], cancellation))
        {
            _retries.Add(Retry, true);
            return;
        }

        _isRefusing = false;
        LogTakes(_log);
    }

    private async Task RefuseAsync()
    {
        _isRefusing = true;
        LogRefuses(_log, _cause);
        if (_retries.NextDue is null) _retries.Add(Retry, true);
        await WithdrawAsync();
    }

    private async Task WithdrawAsync()
    {
        if (_waiting.Count == 0) return;
        var (cause, withdrawn, epoch) = ($"the state store takes no writes: {_cause}", _waiting.ToArray(), ++_epoch);
        _waiting.Clear();
        await _post(() =>
        {
            _knownEpoch = epoch;
            foreach (var change in withdrawn.Reverse()) change.Refused(cause);
        });
    }

    /// <summary>False where nothing was written and the write may be repeated.</summary>
    private async Task<bool> TryWriteAsync(List<StateWrite> writes, CancellationToken cancellation)
    {
        if (writes.Count == 0) return true;
        if (_failingSince == 0) Volatile.Write(ref _failingSince, Math.Max(1, _time.GetTimestamp()));
        var left = _isRefusing ? RefusalTimeout : RefusalTimeout - FailingFor;
        using var limit = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            var began = _time.GetTimestamp();
            await _store.WriteAsync(writes, _fence, ends.Token);
            Metrics?.Stored(writes, _time.GetElapsedTime(began));
            _setAside.Forget(writes.Select(write => write.Key));
            Volatile.Write(ref _failingSince, 0);
            return true;
        }
        catch (StateUnavailableException e)
        {
            Volatile.Write(ref _cause, e.Message);
            return false;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            // It was not on its way yet.
            return false;
        }
    }

    [LoggerMessage(LogLevel.Error, "The state store takes no writes: {Cause}; calls that need one are refused until it does")]
    private static partial void LogRefuses(ILogger log, string cause);

    [LoggerMessage(LogLevel.Information, "The state store takes writes again")]
    private static partial void LogTakes(ILogger log);
}

/// <summary>
/// Writes that belong together, and what follows. The epoch is the newest withdrawal that the master's loop knew of.
/// </summary>
internal sealed record RegistryChange(IReadOnlyList<StateWrite> Writes, Action Durable, Action<string> Refused, int Epoch);
