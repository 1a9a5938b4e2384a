using System.Text;
using LifecycleManager.Storage.ZooKeeper.Wire;

namespace LifecycleManager.Storage.ZooKeeper;

/// <summary>The nodes below the root: <c>format</c>, <c>entries</c>, <c>fences</c>, <c>elections</c>.</summary>
internal static class ZooKeeperLayout
{
    private const string Format = "/format";
    private const string Known = "lcm 1";

    /// <summary>Creates what is missing, and refuses what is of another format.</summary>
    public static async Task EnsureAsync(ZooKeeperClient client, CancellationToken cancellation)
    {
        try
        {
            foreach (var directory in new[] { ZooKeeperStateStore.Directory, FenceNodes.Directory,
                ZooKeeperLeaderElection.Directory })
            {
                await client.EnsureAsync(directory, cancellation);
            }

            // Its creation may have been done though the answer was lost, or by somebody else: what counts is what is there.
            for (var tries = 0; tries < 10; tries++)
            {
                if (await client.GetDataAsync(Format, cancellation: cancellation) is var (data, _))
                {
                    var format = Encoding.UTF8.GetString(data);
                    if (format == Known) return;
                    throw new StateFormatException(
                        $"the state in ZooKeeper at {client.Name} has the format '{format}'; this version knows '{Known}'");
                }

                try
                {
                    await client.CreateAsync(new CreateNode(Format, Encoding.UTF8.GetBytes(Known)), cancellation: cancellation);
                }
                catch (Exception e) when (e is ConnectionLostException or ZooKeeperException { Error: ZooKeeperError.NodeExists })
                {
                }
            }

            throw new StateUnavailableException($"the connections to ZooKeeper at {client.Name} break again and again");
        }
        catch (ZooKeeperException e)
        {
            throw new StateUnavailableException($"the state in ZooKeeper at {client.Name} cannot be opened: {e.Message}", e);
        }
    }
}
