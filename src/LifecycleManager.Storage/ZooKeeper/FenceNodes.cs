using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Text;
using LifecycleManager.Storage.ZooKeeper.Wire;

namespace LifecycleManager.Storage.ZooKeeper;

/// <summary>
/// The newest token of each fence, in a node of its own: a multi that names the node's version is refused as soon as anybody has
/// changed it. What was read last is kept; a refusal forgets it.
/// </summary>
internal sealed class FenceNodes(ZooKeeperClient client)
{
    public const string Directory = "/fences";

    private static readonly FenceNode None = new(0, -1);
    private readonly ConcurrentDictionary<string, FenceNode> _known = new();

    public static string PathOf(string name) => $"{Directory}/{name}";

    public async Task<FenceNode> GetAsync(string name, CancellationToken cancellation)
    {
        if (_known.TryGetValue(name, out var known)) return known;
        if (await client.GetDataAsync(PathOf(name), cancellation: cancellation) is not var (data, stat)) return None;
        if (!Utf8Parser.TryParse(data, out long token, out var used) || used != data.Length)
        {
            throw new StateFormatException($"ZooKeeper's node {PathOf(name)} holds no fencing token");
        }

        return _known[name] = new FenceNode(token, stat.Version);
    }

    public void Forget(string name) => _known.TryRemove(name, out _);

    /// <summary>
    /// The operation that requires the node to be as it was seen, and moves it to the token where that is newer.
    /// </summary>
    public static NodeOperation Require(string name, FenceNode seen, long token)
    {
        var path = PathOf(name);
        var data = Encoding.ASCII.GetBytes($"{token}");
        if (seen.Version < 0) return new CreateNode(path, data);
        return token == seen.Token ? new CheckNode(path, seen.Version) : new SetNode(path, data, seen.Version);
    }

    /// <summary>After the operation has succeeded.</summary>
    public void Required(string name, FenceNode seen, long token)
    {
        if (seen.Version < 0 || token != seen.Token) _known[name] = new FenceNode(token, seen.Version + 1);
    }
}

/// <param name="Token">The newest token.</param>
/// <param name="Version">The node's version; -1: it is not there.</param>
internal readonly record struct FenceNode(long Token, int Version);
