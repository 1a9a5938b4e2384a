using System.Globalization;
using System.Text;
using LifecycleManager.Storage.ZooKeeper.Wire;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Storage.ZooKeeper;

/// <summary>
/// Elects by ZooKeeper's recipe: each candidate creates an ephemeral sequential node, the lowest leads, every other one watches
/// the one before it. The elected moves the fence's node in the transaction that publishes its address. It counts its session as
/// lost well before the servers do (see <see cref="ZooKeeperSession"/>).
/// </summary>
internal sealed partial class ZooKeeperLeaderElection(
    ZooKeeperClient client, HeldLeaderships held, TimeProvider time, ILogger log)
    : ILeaderElection, ILeaderAnnouncer
{
    public const string Directory = "/elections";

    /// <summary>How many digits of a number ZooKeeper gives a sequential node.</summary>
    internal const int SequenceDigits = 10;
    private static readonly TimeSpan Withdrawal = TimeSpan.FromSeconds(2);
    private readonly CancellationTokenSource _closing = new();
    private readonly FenceNodes _fences = new(client);
    private readonly LeaderNodes _announcements = new(client);

    public async Task<ILeadership> StandAsync(string name, string address, CancellationToken cancellation = default)
    {
        StateKeys.CheckElection(name);
        ArgumentException.ThrowIfNullOrEmpty(address);
        ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closing.Token);
        while (true)
        {
            ZooKeeperSession? session = null;
            var mark = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);
            try
            {
                await client.EnsureAsync($"{Directory}/{name}", linked.Token);
                session = await client.SessionAsync(linked.Token);
                return await StandAsync(name, address, mark, session, linked.Token);
            }
            catch (Exception e) when (e is SessionEndedException or ConnectionLostException or StateUnavailableException)
            {
                // What may be left of this candidature must not stand in our own way.
                LogAgain(name, e.Message);
                if (session is not null) _ = WithdrawAsync(name, mark, session);
            }
            catch
            {
                if (session is not null)
                    await Task.WhenAny(WithdrawAsync(name, mark, session), Task.Delay(Withdrawal, time, CancellationToken.None));
                throw;
            }
        }
    }

    public Task<string?> LeaderAsync(string name, CancellationToken cancellation = default) =>
        LeaderAsync(client, name, cancellation);

    /// <inheritdoc cref="LeaderAsync(string, CancellationToken)"/>
    /// <remarks>For whoever stands in no election.</remarks>
    internal static async Task<string?> LeaderAsync(ZooKeeperClient client, string name, CancellationToken cancellation)
    {
        StateKeys.CheckElection(name);
        await client.SyncAsync(cancellation: cancellation);
        while (true)
        {
            if (await LowestFirstAsync(client, $"{Directory}/{name}", null, cancellation) is not [var first, ..]) return null;

            // Gone between the two: the next one may be first by now.
            if (await client.GetDataAsync($"{Directory}/{name}/{first}", cancellation: cancellation) is not var (data, _))
                continue;

            // It writes its address as it is elected.
            return data.Length == 0 ? null : Encoding.UTF8.GetString(data);
        }
    }

    /// <inheritdoc/>
    public Task AnnounceAsync(ILeadership leadership, string prefix, ReadOnlyMemory<byte> data,
        CancellationToken cancellation = default) => _announcements.AddAsync(leadership, prefix, data, cancellation);

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await held.ResignAllAsync();
    }

    private async Task<ILeadership> StandAsync(string name, string address, string mark, ZooKeeperSession session,
        CancellationToken cancellation)
    {
        var path = await EnterAsync(name, mark, session, cancellation);
        while (true)
        {
            var candidates = await CandidatesAsync(name, session, cancellation);
            var place = candidates.ToList().FindIndex(candidate => candidate.StartsWith(mark, StringComparison.Ordinal));
            if (place < 0) throw new SessionEndedException();
            if (place == 0)
            {
                if (await TryLeadAsync(name, address, path, mark, session, cancellation) is { } leadership) return leadership;
                continue;
            }

            var gone = NewWatch();
            if (await client.ExistsAsync($"{Directory}/{name}/{candidates[place - 1]}", gone, session, cancellation) is null)
                continue;
            await gone.Task.WaitAsync(cancellation);
        }
    }

    /// <summary>Creates the candidate's node; the mark tells whether a creation whose answer was lost took place.</summary>
    private async Task<string> EnterAsync(string name, string mark, ZooKeeperSession session, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await client.CreateAsync(
                    new CreateNode($"{Directory}/{name}/{mark}-", default, CreateMode.EphemeralSequential), session,
                    cancellation);
            }
            catch (ConnectionLostException)
            {
                await client.SyncAsync(session, cancellation);
                if (await FindAsync(name, mark, session, cancellation) is { } path) return path;
            }
        }
    }

    private async Task<ILeadership?> TryLeadAsync(
        string name, string address, string path, string mark, ZooKeeperSession session, CancellationToken cancellation)
    {
        await client.SyncAsync(session, cancellation);
        _fences.Forget(name);
        var seen = await _fences.GetAsync(name, cancellation);
        var token = seen.Token + 1;
        try
        {
            // The first operation holds only while the node, and so the session, is there.
            await client.MultiAsync(
                [new SetNode(path, Encoding.UTF8.GetBytes(address), -1), FenceNodes.Require(name, seen, token)], session,
                cancellation);
        }
        catch (ZooKeeperException e) when (e.Error is ZooKeeperError.BadVersion or ZooKeeperError.NodeExists
            or ZooKeeperError.NoNode)
        {
            return null;
        }
        catch (ConnectionLostException)
        {
            // If it was done, then another token is spent.
            return null;
        }
        catch (ZooKeeperException e)
        {
            throw new StateUnavailableException($"ZooKeeper at {client.Name} refused an election: {e.Message}", e);
        }

        return Hold(new Fence(name, token), path, mark, session);
    }

    private Leadership Hold(Fence fence, string path, string mark, ZooKeeperSession session)
    {
        CancellationTokenRegistration ended = default;
        var leadership = new Leadership(fence, async () =>
        {
            held.Remove(fence);
            await ended.DisposeAsync();

            // Goes on behind when the connection is away: the leadership must not stay taken while the session lives.
            var withdrawing = ResignAsync(fence, mark, session);
            await Task.WhenAny(withdrawing, Task.Delay(Withdrawal, time));
        });
        held.Add(leadership);
        _announcements.Open(fence, session);
        ended = session.Ended.UnsafeRegister(
            _ =>
            {
                if (!leadership.Lost.IsCancellationRequested) LogLost(fence.Name, fence.Token);
                _ = leadership.EndAsync();
            },
            null);
        _ = WatchAsync(leadership, path, session);
        return leadership;
    }

    /// <summary>Ends the leadership when somebody deletes its node.</summary>
    private async Task WatchAsync(Leadership leadership, string path, ZooKeeperSession session)
    {
        try
        {
            while (!leadership.Lost.IsCancellationRequested)
            {
                var changed = NewWatch();
                if (await client.ExistsAsync(path, changed, session, leadership.Lost) is null) break;
                await changed.Task.WaitAsync(leadership.Lost);
            }

            await leadership.EndAsync();
        }
        catch (Exception e) when (e is OperationCanceledException or SessionEndedException or ObjectDisposedException)
        {
            // Resigned, or the session's end tells.
        }
        catch (Exception e)
        {
            LogWatch(leadership.Fence.Name, e.Message);
            _ = leadership.EndAsync();
        }
    }

    // Whoever leads next is the first to be announced then.
    private async Task ResignAsync(Fence fence, string mark, ZooKeeperSession session)
    {
        await _announcements.CloseAsync(fence);
        await WithdrawAsync(fence.Name, mark, session);
    }

    /// <summary>Deletes a candidate's node, for as long as its session lasts.</summary>
    private async Task WithdrawAsync(string name, string mark, ZooKeeperSession session)
    {
        while (!session.Ended.IsCancellationRequested)
        {
            try
            {
                await client.SyncAsync(session);
                if (await FindAsync(name, mark, session, default) is { } path) await client.DeleteAsync(path, session);
                return;
            }
            catch (Exception e) when (e is SessionEndedException or ObjectDisposedException)
            {
                return;
            }
            catch (Exception e) when (e is ConnectionLostException or StateUnavailableException)
            {
                LogAgain(name, e.Message);
            }
        }
    }

    private async Task<string?> FindAsync(string name, string mark, ZooKeeperSession session, CancellationToken cancellation) =>
        (await CandidatesAsync(name, session, cancellation))
        .FirstOrDefault(c => c.StartsWith(mark, StringComparison.Ordinal)) is { } mine
            ? $"{Directory}/{name}/{mine}"
            : null;

    private Task<IReadOnlyList<string>> CandidatesAsync(string name, ZooKeeperSession? session,
        CancellationToken cancellation) => LowestFirstAsync(client, $"{Directory}/{name}", session, cancellation);

    /// <summary>The sequential nodes of a directory, by their numbers.</summary>
    internal static async Task<IReadOnlyList<string>> LowestFirstAsync(
        ZooKeeperClient client, string directory, ZooKeeperSession? session, CancellationToken cancellation)
    {
        var names = await client.GetChildrenAsync(directory, null, session, cancellation);
        return [.. names.Where(n => n.Length > SequenceDigits).OrderBy(n => n[^SequenceDigits..], StringComparer.Ordinal)];
    }

    private static TaskCompletionSource NewWatch() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(LogLevel.Warning, "The candidature for '{Name}' begins again: {Why}")]
    private partial void LogAgain(string name, string why);

    [LoggerMessage(LogLevel.Error,
        "The leadership of '{Name}' with token {Token} is lost: ZooKeeper's session is over, or out of reach")]
    private partial void LogLost(string name, long token);

    [LoggerMessage(LogLevel.Error, "The leadership of '{Name}' cannot be watched: {Why}")]
    private partial void LogWatch(string name, string why);
}
