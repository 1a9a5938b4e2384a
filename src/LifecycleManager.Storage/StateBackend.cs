using LifecycleManager.Storage.Memory;
using LifecycleManager.Storage.PostgreSql;
using LifecycleManager.Storage.Sqlite;
using LifecycleManager.Storage.ZooKeeper;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Storage;

/// <summary>A store and its election, opened by address.</summary>
/// <remarks>
/// <list type="bullet">
/// <item><c>sqlite:PATH</c>: a file on a local disk, for one machine.</item>
/// <item><c>postgres://user@host1:5432,host2/db?sslmode=require&amp;schema=lcm&amp;lease=3s</c></item>
/// <item><c>zk://user@host1:2181,host2:2181/path?session=3s</c>; with a user, by ZooKeeper's digest authentication. Spoken
/// without TLS: for a network that is trusted.</item>
/// <item><c>memory:</c>, or <c>memory:NAME</c> for one that is shared by name within the process.</item>
/// </list>
/// </remarks>
public sealed class StateBackend : IAsyncDisposable
{
    // How long a call waits for a server to come back before it fails.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private StateBackend(IStateStore store, ILeaderElection election)
    {
        Store = store;
        Election = election;
    }

    /// <summary>The store.</summary>
    public IStateStore Store { get; }

    /// <summary>The election among those who share the store.</summary>
    public ILeaderElection Election { get; }

    /// <summary>Opens what the address names, creating or migrating the schema where needed.</summary>
    /// <exception cref="ArgumentException">The address is none of the known forms.</exception>
    /// <exception cref="StateUnavailableException">Nothing answers there, or it refuses us.</exception>
    /// <exception cref="StateFormatException">What is there is not ours, or of a newer version.</exception>
    public static async Task<StateBackend> OpenAsync(
        string address, string? password, TimeProvider time, ILoggerFactory loggers, CancellationToken ct)
    {
        var backend = await OpenToRestoreAsync(address, password, time, loggers, ct);
        try
        {
            if (await backend.Store.GetAsync(StateArchive.Restoring, ct) is null) return backend;
            throw new StateFormatException("a restore into it has not come to its end: restore it again");
        }
        catch
        {
            await backend.DisposeAsync();
            throw;
        }
    }

    /// <summary>Refuses an address that is none of the known forms, without opening anything.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static void Check(string address) => _ = StateAddress.Parse(address);

    /// <summary>The same, for a state that is about to be restored; what an earlier restore left may be there.</summary>
    public static Task<StateBackend> OpenToRestoreAsync(
        string address, string? password, TimeProvider time, ILoggerFactory loggers, CancellationToken ct) =>
        OpenAsync(address, password, Patience, time, loggers, ct);

    internal static async Task<StateBackend> OpenAsync(
        string address, string? password, TimeSpan patience, TimeProvider time, ILoggerFactory loggers, CancellationToken ct)
    {
        var parsed = StateAddress.Parse(address);
        var held = new HeldLeaderships();
        switch (parsed.Scheme)
        {
            case "memory":
                var memory = MemoryState.Open(parsed.Path);
                return new StateBackend(new MemoryStateStore(memory, held), new MemoryLeaderElection(memory, held));
            case "sqlite":
                var database = await Task.Run(() => SqliteDatabase.Open(parsed.Path, SqliteSchema.State), ct);
                return new StateBackend(
                    new SqliteStateStore(database, held, loggers.CreateLogger<SqliteStateStore>()),
                    new SqliteLeaderElection(database, held, time));
            case "postgres":
                return await OpenPostgresAsync(parsed, password, patience, held, time, loggers, ct);
            default:
                return await OpenZooKeeperAsync(parsed, password, patience, held, time, loggers, ct);
        }
    }

    private static async Task<StateBackend> OpenPostgresAsync(
        StateAddress address, string? password, TimeSpan patience, HeldLeaderships held, TimeProvider time,
        ILoggerFactory loggers,
        CancellationToken ct)
    {
        var lease = address.Seconds("lease", TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        var log = loggers.CreateLogger<PostgresStateStore>();
        var database = await PostgresDatabase.OpenAsync(address, password, patience, time, log, ct);
        var electing = PostgresDatabase.ForElection(address, password, patience, time, log);
        return new StateBackend(
            new PostgresStateStore(database, held),
            new PostgresLeaderElection(electing, lease, held, time, loggers.CreateLogger<PostgresLeaderElection>()));
    }

    private static async Task<StateBackend> OpenZooKeeperAsync(
        StateAddress address, string? password, TimeSpan patience, HeldLeaderships held, TimeProvider time,
        ILoggerFactory loggers,
        CancellationToken ct)
    {
        var options = ZooKeeperOptions.From(address, password, patience);
        var client = new ZooKeeperClient(options, time, loggers.CreateLogger<ZooKeeperClient>());
        try
        {
            await ZooKeeperLayout.EnsureAsync(client, ct);
            return new StateBackend(
                new ZooKeeperStateStore(client, held, time, patience),
                new ZooKeeperLeaderElection(client, held, time, loggers.CreateLogger<ZooKeeperLeaderElection>()));
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    /// <summary>Withdraws candidatures, resigns, finishes the writes under way and closes.</summary>
    public async ValueTask DisposeAsync()
    {
        await Election.DisposeAsync();
        await Store.DisposeAsync();
    }
}
