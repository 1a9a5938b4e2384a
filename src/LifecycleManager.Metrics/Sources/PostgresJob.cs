using System.Data.Common;
using System.Globalization;
using System.Numerics;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Sources.Servers;
using Npgsql;

namespace LifecycleManager.Metrics.Sources;

/// <summary>
/// Asks a PostgreSQL database a query of one number, in a transaction that can only read and with a limit to its time. NULL says
/// that there was nothing; no row at all is no answer.
/// </summary>
internal sealed class PostgresJob(ScrapeContext context, SeriesKey key, SourceServers servers)
    : SourceJob(context, key, servers)
{
    protected override async Task<SourceAnswer> AskAsync(
        SourceConnection connection, long now, CancellationToken cancellation)
    {
        var postgres = (PostgresConnection)connection;
        await using var session = await postgres.OpenAsync(cancellation);
        try
        {
            await using var transaction = await session.BeginTransactionAsync(cancellation);
            // Each is one statement: a batch takes no text with several in it, so that none can end the transaction.
            await using var batch = new NpgsqlBatch(session, transaction);
            var limit = Math.Max(1, (long)postgres.StatementLimit.TotalMilliseconds);
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SET TRANSACTION READ ONLY"));
            batch.BatchCommands.Add(new NpgsqlBatchCommand(
                string.Create(CultureInfo.InvariantCulture, $"SET LOCAL statement_timeout = {limit}")));
            batch.BatchCommands.Add(new NpgsqlBatchCommand(Key.Selector));
            await using var reader = await batch.ExecuteReaderAsync(cancellation);
            return await ReadAsync(reader, cancellation);
        }
        catch (PostgresException e)
        {
            throw new ScrapeException(
                e.SqlState == PostgresErrorCodes.QueryCanceled ? FailureReason.Timeout : FailureReason.Status,
                $"{Address}: {e.SqlState}: {e.MessageText}{Where(e)}{Remedy(e)}");
        }
        catch (Exception e) when (e is NotSupportedException or InvalidCastException or InvalidOperationException)
        {
            throw new ScrapeException(FailureReason.Configuration, $"{Address}: the query cannot be asked: {e.Message}");
        }
        catch (NpgsqlException e) when (e.InnerException is not OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new ScrapeException(FailureReason.Connection, $"{Address}: {(e.InnerException ?? e).Message}");
        }
    }

    private async Task<SourceAnswer> ReadAsync(DbDataReader reader, CancellationToken cancellation)
    {
        if (reader.FieldCount == 0) return SourceAnswer.None("the query answers no rows: a SELECT of one number is needed");
        if (reader.FieldCount > 1)
            return SourceAnswer.None($"the query has {reader.FieldCount} columns: a SELECT of one number is needed");
        if (!await reader.ReadAsync(cancellation)) return SourceAnswer.None($"the query has no row at {Address}");
        var value = Number(reader.GetValue(0), out var problem);
        if (await reader.ReadAsync(cancellation))
            return SourceAnswer.None("the query has several rows: a SELECT of one number is needed, count(*) or sum(...)");
        return new SourceAnswer(value, problem);
    }

    private static double Number(object value, out string? problem)
    {
        problem = null;
        switch (value)
        {
            case DBNull:
                return double.NaN;
            case short or int or long or float or double or decimal:
                return Convert.ToDouble(value, CultureInfo.InvariantCulture);
            case BigInteger big:
                return (double)big;
            case TimeSpan time:
                return time.TotalSeconds;
            default:
                problem = $"the query answers a {value.GetType().Name}, not a number: cast it, ::float8";
                return double.NaN;
        }
    }

    private static string Where(PostgresException e) =>
        e.Position > 0 ? string.Create(CultureInfo.InvariantCulture, $" at character {e.Position}") : "";

    private static string Remedy(PostgresException e) => e.SqlState switch
    {
        PostgresErrorCodes.QueryCanceled => "; make the query quicker, or raise the server's 'timeout'",
        PostgresErrorCodes.ReadOnlySqlTransaction => "; a metric only reads",
        PostgresErrorCodes.InsufficientPrivilege => "; GRANT SELECT to the user",
        _ => "",
    };
}
