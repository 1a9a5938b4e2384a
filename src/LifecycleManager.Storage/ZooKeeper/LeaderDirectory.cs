using LifecycleManager.Storage.ZooKeeper.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Storage.ZooKeeper;

/// <summary>
/// Who leads, as ZooKeeper knows it: by our own elections, and by the nodes of others. Each look is a session of its own, so that
/// thousands who may look need not hold one each.
/// </summary>
public sealed class LeaderDirectory
{
    private const int SequenceDigits = ZooKeeperLeaderElection.SequenceDigits;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly ZooKeeperOptions _options;
    private readonly TimeProvider _time;

    /// <summary>A directory.</summary>
    /// <param name="address"><c>zk://user@host1:2181,host2:2181/path</c>, without a password.</param>
    /// <param name="password">The user's; null where there is none.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ArgumentException">The address is none of that form, or a user has no password.</exception>
    public LeaderDirectory(string address, string? password, TimeProvider time)
    {
        var parsed = StateAddress.Parse(address);
        if (parsed.Scheme != "zk") throw StateAddress.Wrong("it is zk://host1:2181,host2:2181/path");
        _options = ZooKeeperOptions.From(parsed, password, Patience);
        _time = time;
        Servers = [.. parsed.Servers.Select(server =>
            new UriBuilder("zk", server.Host, server.Port, _options.Root.Length > 0 ? _options.Root : "/").Uri)];
    }

    /// <summary>Its servers, each with the path.</summary>
    public IReadOnlyList<Uri> Servers { get; }

    /// <summary>
    /// The address of who leads in one of our elections; null where nobody does. And the data of all nodes in the path whose
    /// names begin with a prefix and end with a sequence's number, the lowest first.
    /// </summary>
    /// <exception cref="StateUnavailableException">No server answers, or it refuses us.</exception>
    public async Task<(string? Leader, IReadOnlyList<byte[]> Nodes)> LookAsync(
        string election, string prefix, CancellationToken cancellation)
    {
        // What does not answer is the caller's to tell, once: it comes again with each look.
        await using var client = new ZooKeeperClient(_options, _time, NullLogger.Instance);
        try
        {
            var leader = await ZooKeeperLeaderElection.LeaderAsync(client, election, cancellation);
            var nodes = new List<byte[]>();
            foreach (var name in await ZooKeeperLeaderElection.LowestFirstAsync(client, "/", null, cancellation))
            {
                if (IsSequential(name, prefix)
                    && await client.GetDataAsync($"/{name}", cancellation: cancellation) is var (data, _)) nodes.Add(data);
            }

            return (leader, nodes);
        }
        catch (ZooKeeperException e)
        {
            throw new StateUnavailableException($"ZooKeeper at {client.Name} refuses a look at who leads: {e.Message}", e);
        }
    }

    private static bool IsSequential(string name, string prefix) => name.Length >= prefix.Length + SequenceDigits
        && name.StartsWith(prefix, StringComparison.Ordinal)
        && name.AsSpan(name.Length - SequenceDigits).IndexOfAnyExceptInRange('0', '9') < 0;
}
