using Dapper;
using Microsoft.Data.Sqlite;

namespace LifecycleManager.Storage.Sqlite;

/// <summary>
/// Elects on one machine: whoever holds the lock of the file <c>PATH.NAME.lock</c> leads. The kernel frees it when its process
/// ends, however it ends. The file stays: removing it would let two candidates lock two files of one name.
/// </summary>
internal sealed class SqliteLeaderElection(SqliteDatabase database, HeldLeaderships held, TimeProvider time) : ILeaderElection
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private readonly CancellationTokenSource _closing = new();

    public async Task<ILeadership> StandAsync(string name, string address, CancellationToken cancellation = default)
    {
        StateKeys.CheckElection(name);
        ArgumentException.ThrowIfNullOrEmpty(address);
        ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closing.Token);
        FileStream? locked;
        while ((locked = TryLock(name, FileAccess.ReadWrite, FileShare.None)) is null) await Task.Delay(Poll, time, linked.Token);
        try
        {
            linked.Token.ThrowIfCancellationRequested();
            return await Task.Run(() => Elect(name, address, locked), CancellationToken.None);
        }
        catch
        {
            await locked.DisposeAsync();
            throw;
        }
    }

    public Task<string?> LeaderAsync(string name, CancellationToken cancellation = default)
    {
        StateKeys.CheckElection(name);
        cancellation.ThrowIfCancellationRequested();
        if (!File.Exists(LockFile(name))) return Task.FromResult<string?>(null);

        // A shared lock is to be had only while nobody leads.
        using (var free = TryLock(name, FileAccess.Read, FileShare.Read))
        {
            if (free is not null) return Task.FromResult<string?>(null);
        }

        return Task.FromResult(Query(name));
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await held.ResignAllAsync();
    }

    private Leadership Elect(string name, string address, FileStream locked)
    {
        try
        {
            using var connection = database.Connect();
            var token = connection.ExecuteScalar<long>(
                "INSERT INTO fence (name, token, address) VALUES (@name, 1, @address) " +
                "ON CONFLICT (name) DO UPDATE SET token = token + 1, address = @address RETURNING token",
                new { name, address });
            var fence = new Fence(name, token);
            var leadership = new Leadership(fence, () => ReleaseAsync(fence, locked));
            held.Add(leadership);
            return leadership;
        }
        catch (SqliteException e)
        {
            throw new StateUnavailableException(
                $"the leadership of '{name}' cannot be written to {database.Path}: {database.Explain(e)}", e);
        }
    }

    private string? Query(string name)
    {
        try
        {
            using var connection = database.Connect();
            return connection.ExecuteScalar<string?>("SELECT address FROM fence WHERE name = @name", new { name });
        }
        catch (SqliteException e)
        {
            throw new StateUnavailableException($"{database.Path} cannot be read: {database.Explain(e)}", e);
        }
    }

    private async ValueTask ReleaseAsync(Fence fence, FileStream locked)
    {
        held.Remove(fence);
        try
        {
            // While the lock is held still: a candidate that takes it next never reads our address as its own.
            await using var connection = database.Connect();
            await connection.ExecuteAsync("UPDATE fence SET address = NULL WHERE name = @Name AND token = @Token", fence);
        }
        catch (SqliteException)
        {
            // Without a lock the address counts for nothing.
        }
        finally
        {
            await locked.DisposeAsync();
        }
    }

    private string LockFile(string name) => $"{database.Path}.{name}.lock";

    private FileStream? TryLock(string name, FileAccess access, FileShare share)
    {
        try
        {
            return new FileStream(LockFile(name), access == FileAccess.Read ? FileMode.Open : FileMode.OpenOrCreate, access,
                share);
        }
        catch (IOException e) when (IsLocked(e))
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StateUnavailableException($"{LockFile(name)} cannot be opened: {e.Message}", e);
        }
    }

    // EWOULDBLOCK of Linux and of BSD, sharing and lock violation of Windows.
    private static bool IsLocked(IOException e) => (e.HResult & 0xFFFF) is 11 or 35 or 32 or 33;
}
