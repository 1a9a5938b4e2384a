using System.Collections.Concurrent;
using LifecycleManager.Storage.ZooKeeper.Wire;

namespace LifecycleManager.Storage.ZooKeeper;

/// <summary>
/// The nodes by which others find a leader, below the root: ephemeral, of the leader's session, and deleted when it resigns.
/// </summary>
internal sealed class LeaderNodes(ZooKeeperClient client)
{
    private readonly ConcurrentDictionary<Fence, Held> _held = new();

    /// <summary>A leadership begins.</summary>
    public void Open(Fence fence, ZooKeeperSession session) => _held[fence] = new Held(session);

    /// <inheritdoc cref="ILeaderAnnouncer.AnnounceAsync"/>
    public async Task AddAsync(ILeadership leadership, string prefix, ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        if (!_held.TryGetValue(leadership.Fence, out var held)) return;
        await held.Gate.WaitAsync(cancellation);
        try
        {
            if (!held.IsClosed) held.Paths.Add(await CreateAsync(prefix, data, held.Session, cancellation));
        }
        catch (SessionEndedException)
        {
            // So has the leadership.
        }
        catch (ZooKeeperException e)
        {
            throw new StateUnavailableException($"ZooKeeper at {client.Name} refused an announcement: {e.Message}", e);
        }
        finally
        {
            held.Gate.Release();
        }
    }

    /// <summary>A leadership ends: its nodes are deleted, for as long as its session lasts.</summary>
    public async Task CloseAsync(Fence fence)
    {
        if (!_held.TryRemove(fence, out var held)) return;

        // A node that is being made is deleted, too.
        await held.Gate.WaitAsync();
        held.IsClosed = true;
        held.Gate.Release();
        foreach (var path in held.Paths)
        {
            while (!held.Session.Ended.IsCancellationRequested)
            {
                try
                {
                    await client.DeleteAsync(path, held.Session);
                    break;
                }
                catch (Exception e) when (e is SessionEndedException or ObjectDisposedException)
                {
                    return;
                }
                catch (Exception e) when (e is ConnectionLostException or StateUnavailableException)
                {
                    // Again; the session ends all of it otherwise.
                }
            }
        }
    }

    /// <summary>Makes the node; its data tells whether a creation whose answer was lost took place.</summary>
    private async Task<string> CreateAsync(string prefix, ReadOnlyMemory<byte> data, ZooKeeperSession session,
        CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await client.CreateAsync(
                    new CreateNode($"/{prefix}", data, CreateMode.EphemeralSequential), session, cancellation);
            }
            catch (ConnectionLostException)
            {
                await client.SyncAsync(session, cancellation);
                foreach (var name in await client.GetChildrenAsync("/", null, session, cancellation))
                {
                    if (name.StartsWith(prefix, StringComparison.Ordinal)
                        && await client.GetDataAsync($"/{name}", session: session, cancellation: cancellation) is var (there, _)
                        && there.AsSpan().SequenceEqual(data.Span)) return $"/{name}";
                }
            }
        }
    }

    private sealed class Held(ZooKeeperSession session)
    {
        public ZooKeeperSession Session { get; } = session;

        public SemaphoreSlim Gate { get; } = new(1);

        public List<string> Paths { get; } = [];

        public bool IsClosed { get; set; }
    }
}
