using System.Text;
using LifecycleManager.Storage.ZooKeeper.Wire;

namespace LifecycleManager.Storage.ZooKeeper;

/// <summary>The nodes below the root: <c>format</c>, <c>entries</c>, <c>fences</c>, <c>elections</c>.</summary>
internal static class ZooKeeperLayout
{
    private const string Format = "/format";
    private const string Known = "lcm 1";

    private static readonly string[] Directories =
        [ZooKeeperStateStore.Directory, FenceNodes.Directory, ZooKeeperLeaderElection.Directory];

    /// <summary>Creates what is missing, and refuses what is of another format.</summary>
    public static async Task EnsureAsync(ZooKeeperClient client, CancellationToken cancellation)
    {
        try
        {
            foreach (var directory in Directories) await client.EnsureAsync(directory, cancellation);

            // Its creation may have been done though the answer was lost, or by somebody else: what counts is what is there.
            for (var tries = 0; tries < 10; tries++)
            {
                if (await client.GetDataAsync(Format, cancellation: cancellation) is var (data, _))
                {
                    var format = Encoding.UTF8.GetString(data);
                    if (format == Known)
                    {
                        await CloseAsync(client, cancellation);
                        return;
                    }

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

    /// <summary>
    /// Gives a state to its user that was made before there was one, and is everybody's. The node of the format comes last, so
    /// that what was cut off is done again.
    /// </summary>
    private static async Task CloseAsync(ZooKeeperClient client, CancellationToken cancellation)
    {
        if (!client.HasUser || !await client.IsOpenAsync(Format, cancellation)) return;
        foreach (var directory in Directories) await CloseTreeAsync(client, directory, cancellation);
        await client.CloseAsync(Format, cancellation);
    }

    private static async Task CloseTreeAsync(ZooKeeperClient client, string path, CancellationToken cancellation)
    {
        // The node itself first: nothing that is everybody's comes below it meanwhile.
        if (!await client.CloseAsync(path, cancellation)) return;
        var children = await client.GetChildrenAsync(path, cancellation: cancellation);
        await Task.WhenAll(children.Select(child => CloseTreeAsync(client, $"{path}/{child}", cancellation)));
    }
}
