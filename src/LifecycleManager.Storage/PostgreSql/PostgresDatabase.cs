using System.Net.Sockets;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace LifecycleManager.Storage.PostgreSql;

/// <summary>The database: its schema, its connections, and what may be tried again.</summary>
internal sealed partial class PostgresDatabase : IAsyncDisposable
{
    private const long MigrationLock = 0x6C636D01;
    private const int SchemaVersion = 1;

    // The session was ended between two statements, so that a commit sent then was never seen.
    private const string IdleInTransaction = "25P03";

    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(1);

    private readonly NpgsqlDataSource _source;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    private PostgresDatabase(
        NpgsqlDataSource source, string name, string schema, TimeSpan patience, TimeProvider time, ILogger log)
    {
        (_source, Name, Schema, Patience, _time, _log) = (source, name, schema, patience, time, log);
    }

    /// <summary>Servers and database, for messages.</summary>
    public string Name { get; }

    /// <summary>The schema that the tables are in.</summary>
    public string Schema { get; }

    /// <summary>How long a call goes on trying to reach the server.</summary>
    public TimeSpan Patience { get; }

    /// <summary>Connects and brings the schema up to date.</summary>
    public static async Task<PostgresDatabase> OpenAsync(
        StateAddress address, string? password, TimeSpan patience, TimeProvider time, ILogger log, CancellationToken cancellation)
    {
        var database = Create(address, password, patience, time, log, electing: false);
        try
        {
            await database.RepeatAsync(
                "opened", connection => MigrateAsync(connection, database.Schema, database.Name, cancellation), cancellation);
            return database;
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Connections to the same database for the election alone: nothing else can exhaust them, and they give up sooner.
    /// </summary>
    public static PostgresDatabase ForElection(StateAddress address, string? password, TimeSpan patience, TimeProvider time,
        ILogger log) =>
        Create(address, password, patience, time, log, electing: true);

    /// <summary>Connections to a database whose tables somebody else makes.</summary>
    public static PostgresDatabase ForRecords(StateAddress address, string? password, TimeSpan patience, TimeProvider time,
        ILogger log) =>
        Create(address, password, patience, time, log, electing: false);

    /// <summary>A connection from the pool, waited for on this thread; throws what Npgsql throws.</summary>
    public NpgsqlConnection Connect() => _source.OpenConnection();

    /// <summary>A connection from the pool; throws what Npgsql throws.</summary>
    public ValueTask<NpgsqlConnection> ConnectAsync(CancellationToken cancellation) => _source.OpenConnectionAsync(cancellation);

    /// <summary>
    /// Runs what may be repeated, again with back-off while the server cannot be reached or rolls it back, for
    /// <see cref="Patience"/> at most.
    /// </summary>
    /// <param name="done">What could not be done, in a message: <c>read</c>.</param>
    /// <param name="action">Throws a <see cref="WriteOutcomeUnknownException"/> for what must not be repeated.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public Task<T> RepeatAsync<T>(string done, Func<NpgsqlConnection, Task<T>> action, CancellationToken cancellation) =>
        RepeatAsync(
            done,
            async () =>
            {
                await using var connection = await ConnectAsync(cancellation);
                return await action(connection);
            },
            cancellation);

    /// <inheritdoc cref="RepeatAsync{T}(string, Func{NpgsqlConnection, Task{T}}, CancellationToken)"/>
    public async Task<T> RepeatAsync<T>(string done, Func<Task<T>> action, CancellationToken cancellation)
    {
        var start = _time.GetTimestamp();
        for (var wait = FirstBackoff; ; wait = Min(wait * 2, LongestBackoff))
        {
            try
            {
                return await action();
            }
            catch (Exception e) when (IsTrouble(e))
            {
                if (!IsPassing(e) || _time.GetElapsedTime(start) + wait > Patience)
                {
                    throw new StateUnavailableException($"the state in {Name} cannot be {done}: {e.Message}", e);
                }

                LogRetry(Name, done, e.Message);
            }

            await Task.Delay(wait, _time, cancellation);
        }
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    /// <summary>An error of the server or of the way to it, as opposed to our own.</summary>
    public static bool IsTrouble(Exception e) => e is NpgsqlException or TimeoutException or SocketException or IOException;

    /// <summary>Whether the server has certainly rolled back, though the error came as the answer to a commit.</summary>
    public static bool IsRolledBack(Exception e) =>
        e is PostgresException { SqlState: ['4', '0', ..] or ['2', '3', ..] or IdleInTransaction };

    // Resources, operator intervention, connection, rollback, a server that is (still) a standby; else it is a mistake that
    // stays.
    private static bool IsPassing(Exception e) =>
        e is not PostgresException { SqlState: var state } ||
        state[..2] is "08" or "40" or "53" or "55" or "57" ||
        state is IdleInTransaction or PostgresErrorCodes.ReadOnlySqlTransaction;

    private static PostgresDatabase Create(
        StateAddress address, string? password, TimeSpan patience, TimeProvider time, ILogger log, bool electing)
    {
        var schema = address.Options.GetValueOrDefault("schema", "lcm");
        if (schema.Length is 0 or > 60 || schema.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '_'))
            throw StateAddress.Wrong("schema is 1 to 60 of a-z, 0-9 and _");
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = string.Join(",", address.Servers.Select(s => s.Host.Contains(':', StringComparison.Ordinal)
                ? $"[{s.Host}]:{s.Port}" : $"{s.Host}:{s.Port}")),
            Username = address.User,
            Database = address.Path.Length > 0 ? address.Path : address.User,
            Password = password,
            SearchPath = schema,
            ApplicationName = "LifecycleManager",
            Timeout = electing ? 1 : 5,
            CommandTimeout = electing ? 1 : 10,
            CancellationTimeout = 500,
            MaxPoolSize = electing ? 8 : 20,
            MaxAutoPrepare = 32,
            NoResetOnClose = true,
            // A writer that stops amid a transaction must not hold up the next leader's election for long.
            Options = "-c idle_in_transaction_session_timeout=2000",
        };
        if (address.Options.TryGetValue("sslmode", out var mode))
        {
            settings.SslMode = Enum.TryParse<SslMode>(mode.Replace("-", "", StringComparison.Ordinal), ignoreCase: true,
                out var parsed)
                ? parsed
                : throw StateAddress.Wrong("sslmode is disable, allow, prefer, require, verify-ca or verify-full");
        }

        if (address.Options.TryGetValue("rootcert", out var certificate)) settings.RootCertificate = certificate;
        var builder = new NpgsqlDataSourceBuilder(settings.ToString());
        NpgsqlDataSource source = address.Servers.Count > 1
            ? builder.BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary)
            : builder.Build();
        return new PostgresDatabase(source, $"{settings.Host}/{settings.Database}", schema, patience, time, log);
    }

    private static async Task<bool> MigrateAsync(NpgsqlConnection connection, string schema, string name,
        CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await connection.ExecuteAsync("SELECT pg_advisory_xact_lock(@MigrationLock)", new { MigrationLock }, transaction);
        var there = await connection.ExecuteScalarAsync<string?>("SELECT to_regclass(@table)::text",
            new { table = $"{schema}.schema_version" }, transaction);
        var version = there is null
            ? 0
            : await connection.ExecuteScalarAsync<int>("SELECT version FROM schema_version", transaction: transaction);
        if (version > SchemaVersion)
        {
            throw new StateFormatException(
                $"{name} has schema {version}, written by a newer version; this one knows up to {SchemaVersion}");
        }

        if (version < 1)
        {
            // The order of UTF-8 bytes is that of code points, which the store promises.
            await connection.ExecuteAsync(
                $"""
                CREATE SCHEMA IF NOT EXISTS {schema};
                CREATE TABLE schema_version (version integer NOT NULL);
                INSERT INTO schema_version VALUES ({SchemaVersion});
                CREATE TABLE entry (key text COLLATE "C" PRIMARY KEY, value bytea NOT NULL, version bigint NOT NULL);
                CREATE TABLE fence (name text PRIMARY KEY, token bigint NOT NULL);
                CREATE TABLE lease (
                    name text PRIMARY KEY, token bigint NOT NULL, renewals bigint NOT NULL,
                    address text, milliseconds bigint NOT NULL, renewed timestamptz NOT NULL);
                """,
                transaction: transaction);
        }

        await transaction.CommitAsync(cancellation);
        return true;
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    [LoggerMessage(LogLevel.Warning, "The state in {Name} cannot be {Done} yet, trying again: {Error}")]
    private partial void LogRetry(string name, string done, string error);
}
