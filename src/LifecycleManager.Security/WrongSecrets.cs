using System.Net;
using System.Net.Sockets;

namespace LifecycleManager.Security;

/// <summary>
/// Slows down whoever tries secrets: the answer to each further wrong one of an address waits twice as long, from 100 ms to 5 s,
/// until nothing wrong has come from there for ten minutes. An address of IPv6 counts by its network (/64), which its owner has
/// whole. For any thread.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class WrongSecrets(TimeProvider time)
{
    /// <summary>The most addresses that are remembered; beyond it the one goes that was wrong the longest ago.</summary>
    public const int MaxKnown = 10_000;

    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, LinkedListNode<Peer>> _known = [];
    private readonly LinkedList<Peer> _byAge = new();

    /// <summary>How many addresses are remembered.</summary>
    public int Known
    {
        get
        {
            lock (_lock) return _known.Count;
        }
    }

    /// <summary>Counts a wrong secret.</summary>
    /// <param name="address">Whence it came; null where nobody knows.</param>
    /// <returns>How long its answer is to wait.</returns>
    public TimeSpan Count(IPAddress? address)
    {
        var key = KeyOf(address ?? IPAddress.None);
        lock (_lock)
        {
            var delay = First;
            if (_known.Remove(key, out var node))
            {
                _byAge.Remove(node);
                var before = node.Value;
                if (time.GetElapsedTime(before.At) < Quiet)
                    delay = before.Delay * 2 < Longest ? before.Delay * 2 : Longest;
            }

            if (_known.Count == MaxKnown)
            {
                _known.Remove(_byAge.First!.Value.Address);
                _byAge.RemoveFirst();
            }

            _known[key] = _byAge.AddLast(new Peer(key, delay, time.GetTimestamp()));
            return delay;
        }
    }

    private static IPAddress KeyOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    private sealed record Peer(IPAddress Address, TimeSpan Delay, long At);
}
