using Dapper;
using LifecycleManager.Runtime.Loops;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Storage.PostgreSql;

/// <summary>
/// Elects by a leased row. The holder renews it and considers it lost at two thirds of the lease after it last sent a renewal
/// that succeeded; a contender takes it over only after it has seen the row unchanged for the whole lease. Both measure with
/// their own monotonic clocks, which need only run at about the same speed: no wall clock takes part.
/// </summary>
/// <remarks>
/// A session's advisory lock would be free the moment the server ends the session, before its holder can know. A process that
/// is stopped and goes on later learns of its loss late, as with any lease: the fence refuses its writes.
/// </remarks>
internal sealed partial class PostgresLeaderElection(
    PostgresDatabase database, TimeSpan lease, HeldLeaderships held, TimeProvider time, ILogger log) : ILeaderElection
{
    private static readonly TimeSpan LongestRelease = TimeSpan.FromSeconds(2);
    private readonly CancellationTokenSource _closing = new();
    private readonly TimeSpan _poll = lease / 12;
    private readonly TimeSpan _renewal = lease / 6;
    private readonly TimeSpan _hold = lease * 2 / 3;

    public async Task<ILeadership> StandAsync(string name, string address, CancellationToken cancellation = default)
    {
        StateKeys.CheckElection(name);
        ArgumentException.ThrowIfNullOrEmpty(address);
        ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closing.Token);
        Lease? seen = null;
        var seenAt = 0L;
        string? trouble = null;
        while (true)
        {
            try
            {
                var current = await ReadAsync(name, linked.Token);
                if (current != seen) (seen, seenAt) = (current, time.GetTimestamp());
                if (current.Address is null || time.GetElapsedTime(seenAt) >= TimeSpan.FromMilliseconds(current.Milliseconds))
                {
                    if (await TryTakeAsync(name, address, current, linked.Token) is { } leadership) return leadership;
                }
            }
            catch (Exception e) when (PostgresDatabase.IsTrouble(e))
            {
                // It can last: said once.
                if (e.Message != trouble) LogTrouble(name, database.Name, e.Message);
                trouble = e.Message;
            }

            await Task.Delay(_poll, time, linked.Token);
        }
    }

    public async Task<string?> LeaderAsync(string name, CancellationToken cancellation = default)
    {
        StateKeys.CheckElection(name);

        // Here the server's clock will do: nobody acts on being told who leads.
        return await database.RepeatAsync(
            "read",
            connection => connection.ExecuteScalarAsync<string?>(new CommandDefinition(
                "SELECT address FROM lease WHERE name = @name AND renewed + milliseconds * interval '1 millisecond' > clock_timestamp()",
                new { name }, cancellationToken: cancellation)),
            cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await held.ResignAllAsync();
        await database.DisposeAsync();
    }

    private async Task<Lease> ReadAsync(string name, CancellationToken cancellation)
    {
        const string Read = "SELECT token, renewals, address, milliseconds FROM lease WHERE name = @name";
        await using var connection = await database.ConnectAsync(cancellation);
        var row = await connection.QuerySingleOrDefaultAsync<Lease>(
            new CommandDefinition(Read, new { name }, cancellationToken: cancellation));
        if (row is not null) return row;
        await connection.ExecuteAsync(new CommandDefinition(
            "INSERT INTO lease VALUES (@name, 0, 0, NULL, 0, clock_timestamp()) ON CONFLICT DO NOTHING",
            new { name }, cancellationToken: cancellation));
        return await connection.QuerySingleAsync<Lease>(
            new CommandDefinition(Read, new { name }, cancellationToken: cancellation));
    }

    /// <summary>Takes the lease if it still is what was seen.</summary>
    private async Task<ILeadership?> TryTakeAsync(string name, string address, Lease seen, CancellationToken cancellation)
    {
        await using var connection = await database.ConnectAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var key = new { name, seen.Token, seen.Renewals, seen.Address };
        var taking = await connection.ExecuteScalarAsync<long?>(new CommandDefinition(
            "SELECT token FROM lease WHERE name = @name AND token = @Token AND renewals = @Renewals " +
            "AND address IS NOT DISTINCT FROM @Address FOR UPDATE SKIP LOCKED",
            key, transaction, cancellationToken: cancellation));
        if (taking is null) return null;

        // Waits for the writes that the former leader has under way; those that come later find the new token.
        var token = await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "INSERT INTO fence VALUES (@name, 1) ON CONFLICT (name) DO UPDATE SET token = fence.token + 1 RETURNING token",
            new { name }, transaction, commandTimeout: 5, cancellationToken: cancellation));
        await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE lease SET token = @token, renewals = 0, address = @address, milliseconds = @milliseconds, renewed = clock_timestamp() " +
            "WHERE name = @name",
            new { name, token, address, milliseconds = (long)lease.TotalMilliseconds }, transaction,
            cancellationToken: cancellation));
        var sent = time.GetTimestamp();
        await transaction.CommitAsync(CancellationToken.None);
        return Hold(new Fence(name, token), sent);
    }

    private Leadership Hold(Fence fence, long sent)
    {
        var resigned = new CancellationTokenSource();
        Task renewing = Task.CompletedTask;
        var leadership = new Leadership(fence, async () =>
        {
            held.Remove(fence);
            await resigned.CancelAsync();

            // A renewal that hangs is not waited for without end; it changes nothing that matters once the lease is released.
            await Task.WhenAny(renewing, Task.Delay(LongestRelease, time, CancellationToken.None));
            await ReleaseAsync(fence);
        });
        held.Add(leadership);
        renewing = OwnThread.RunAsync($"lease of {fence.Name}", () => Renew(leadership, sent, resigned.Token));
        return leadership;
    }

    /// <summary>Renews until resigned or lost, on a thread of its own: a busy process keeps its lease.</summary>
    private void Renew(Leadership leadership, long sent, CancellationToken resigned)
    {
        // The deadline has a timer of its own: whatever a renewal hangs on, it comes in time.
        using var deadline = time.CreateTimer(
            _ => Lose(leadership, "it could not be renewed in time"), null, Left(sent), Timeout.InfiniteTimeSpan);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(resigned, leadership.Lost);
        string? trouble = null;
        while (!ended.Token.WaitHandle.WaitOne(_renewal))
        {
            try
            {
                var sending = time.GetTimestamp();
                if (!RenewOnce(leadership.Fence))
                {
                    Lose(leadership, "somebody else was elected");
                    return;
                }

                deadline.Change(Left(sending), Timeout.InfiniteTimeSpan);
                trouble = null;
            }
            catch (Exception e) when (PostgresDatabase.IsTrouble(e))
            {
                // Said once: if it lasts, the loss is said too.
                if (e.Message != trouble) LogTrouble(leadership.Fence.Name, database.Name, e.Message);
                trouble = e.Message;
            }
        }
    }

    private bool RenewOnce(Fence fence)
    {
        using var connection = database.Connect();
        return connection.Execute(
            "UPDATE lease SET renewals = renewals + 1, renewed = clock_timestamp() WHERE name = @Name AND token = @Token", fence)
            == 1;
    }

    private async Task ReleaseAsync(Fence fence)
    {
        // Pooled connections may be broken ones: again, for as long as a shutdown can wait.
        using var limit = new CancellationTokenSource(LongestRelease, time);
        try
        {
            await database.RepeatAsync(
                "released",
                connection => connection.ExecuteAsync(new CommandDefinition(
                    "UPDATE lease SET address = NULL WHERE name = @Name AND token = @Token", fence,
                    cancellationToken: limit.Token)),
                limit.Token);
        }
        catch (Exception e) when (e is StateUnavailableException or OperationCanceledException)
        {
            // Then it runs out.
            LogTrouble(fence.Name, database.Name, e.Message);
        }
    }

    private TimeSpan Left(long sent)
    {
        var left = _hold - time.GetElapsedTime(sent);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void Lose(Leadership leadership, string why)
    {
        if (leadership.Lost.IsCancellationRequested) return;
        LogLost(leadership.Fence.Name, leadership.Fence.Token, why);
        _ = leadership.EndAsync();
    }

    [LoggerMessage(LogLevel.Warning, "The election of '{Name}' has trouble with {Database}: {Error}")]
    private partial void LogTrouble(string name, string database, string error);

    [LoggerMessage(LogLevel.Error, "The leadership of '{Name}' with token {Token} is lost: {Why}")]
    private partial void LogLost(string name, long token, string why);

    private sealed record Lease(long Token, long Renewals, string? Address, long Milliseconds);
}
