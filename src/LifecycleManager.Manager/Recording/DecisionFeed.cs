using System.Collections.Concurrent;
using System.Threading.Channels;

namespace LifecycleManager.Manager.Recording;

/// <summary>
/// Tells live followers of each record as it is made or settled. Bounded: a follower that does not keep up is dropped.
/// </summary>
internal sealed class DecisionFeed(int maxFollowers)
{
    private const int MaxBuffered = 256;
    private readonly ConcurrentDictionary<Channel<DecisionRecord>, bool> _followers = new();

    /// <summary>Told of each record, by whoever publishes it: must not wait, nor throw.</summary>
    public event Action<DecisionRecord>? Published;

    public int Followers => _followers.Count;

    /// <summary>A subscription to be disposed, or null when there are too many.</summary>
    public Subscription? Subscribe()
    {
        var channel = Channel.CreateBounded<DecisionRecord>(new BoundedChannelOptions(MaxBuffered) { SingleReader = true });
        _followers[channel] = true;
        if (_followers.Count <= maxFollowers) return new Subscription(this, channel);
        _followers.TryRemove(channel, out _);
        return null;
    }

    public void Publish(DecisionRecord record)
    {
        Published?.Invoke(record);
        foreach (var channel in _followers.Keys)
        {
            if (channel.Writer.TryWrite(record)) continue;
            if (_followers.TryRemove(channel, out _)) channel.Writer.TryComplete();
        }
    }

    internal sealed class Subscription(DecisionFeed feed, Channel<DecisionRecord> channel) : IDisposable
    {
        public ChannelReader<DecisionRecord> Reader => channel.Reader;

        public void Dispose()
        {
            feed._followers.TryRemove(channel, out _);
            channel.Writer.TryComplete();
        }
    }
}
