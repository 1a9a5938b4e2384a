using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Threading.Channels;
using Prometheus;

namespace LifecycleManager.Manager.Recording;

/// <summary>
/// Tells live followers of each record as it is made or settled. What waits for one is bounded in bytes; a follower that does
/// not keep up is dropped.
/// </summary>
internal sealed class DecisionFeed
{
    /// <summary>The most that waits for one follower; a single record may be larger.</summary>
    public const long MaxWaiting = 1024 * 1024;

    private readonly int _maxFollowers;
    private readonly ConcurrentDictionary<Subscription, bool> _followers = new();
    private readonly Func<DecisionRecord, string> _write;
    private readonly Counter? _dropped;

    /// <param name="maxFollowers">The most followers.</param>
    /// <param name="registry">Gets what waits, and how many were dropped; null where nobody looks.</param>
    /// <param name="write">Writes a record as followers get it; null for as it is stored.</param>
    public DecisionFeed(int maxFollowers, CollectorRegistry? registry = null, Func<DecisionRecord, string>? write = null)
    {
        _maxFollowers = maxFollowers;
        _write = write ?? (record => JsonSerializer.Serialize(record, RecordingJson.Default.DecisionRecord));
        if (registry is null) return;
        var metrics = Prometheus.Metrics.WithCustomRegistry(registry);
        var waiting = metrics.CreateGauge("lcm_manager_stream_waiting_bytes",
            "Bytes of decisions that wait for the followers of the stream, all together.");
        _dropped = metrics.CreateCounter("lcm_manager_streams_dropped_total",
            "Followers of the stream that were dropped since they did not keep up.");
        registry.AddBeforeCollectCallback(() => waiting.Set(_followers.Keys.Sum(follower => follower.Waiting)));
    }

    /// <summary>Told of each record, by whoever publishes it: must not wait, nor throw.</summary>
    public event Action<DecisionRecord>? Published;

    public int Followers => _followers.Count;

    /// <summary>A subscription to be disposed, or null when there are too many.</summary>
    public Subscription? Subscribe()
    {
        var follower = new Subscription(this);
        _followers[follower] = true;
        if (_followers.Count <= _maxFollowers) return follower;
        _followers.TryRemove(follower, out _);
        return null;
    }

    public void Publish(DecisionRecord record)
    {
        Published?.Invoke(record);
        string? json = null;
        foreach (var follower in _followers.Keys)
        {
            // Written once for all.
            json ??= _write(record);
            if (follower.Offer(record, json)) continue;
            if (!_followers.TryRemove(follower, out _)) continue;
            follower.Complete();
            _dropped?.Inc();
        }
    }

    internal sealed class Subscription(DecisionFeed feed) : IDisposable
    {
        private readonly Channel<(DecisionRecord Record, string Json)> _channel =
            Channel.CreateUnbounded<(DecisionRecord, string)>(new UnboundedChannelOptions { SingleReader = true });

        private long _waiting;

        /// <summary>Bytes that wait.</summary>
        public long Waiting => Interlocked.Read(ref _waiting);

        /// <summary>Waits for a record; false once it is dropped and all was read.</summary>
        public ValueTask<bool> WaitAsync(CancellationToken cancellation) => _channel.Reader.WaitToReadAsync(cancellation);

        /// <summary>The next record, and its JSON.</summary>
        public bool TryRead([NotNullWhen(true)] out DecisionRecord? record, [NotNullWhen(true)] out string? json)
        {
            var has = _channel.Reader.TryRead(out var next);
            (record, json) = next;
            if (has) Interlocked.Add(ref _waiting, -Size(next.Json));
            return has;
        }

        public void Dispose()
        {
            feed._followers.TryRemove(this, out _);
            Complete();
        }

        internal bool Offer(DecisionRecord record, string json)
        {
            var size = Size(json);
            var now = Interlocked.Add(ref _waiting, size);
            if ((now <= MaxWaiting || now == size) && _channel.Writer.TryWrite((record, json))) return true;
            Interlocked.Add(ref _waiting, -size);
            return false;
        }

        internal void Complete() => _channel.Writer.TryComplete();

        private static long Size(string json) => json.Length * (long)sizeof(char);
    }
}
