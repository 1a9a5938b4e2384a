using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Sources.Servers;
using StackExchange.Redis;

namespace LifecycleManager.Metrics.Sources;

/// <summary>
/// Asks Redis for the length of a list or a stream, or for what a consumer group has yet to do. A list that is not there is
/// empty, as Redis has it; a stream or a group that is not there is missing.
/// </summary>
internal sealed class RedisJob(ScrapeContext context, SeriesKey key, SourceServers servers)
    : SourceJob(context, key, servers)
{
    private string Word => Key.From?.Read ?? SourceWords.Redis[0];

    protected override async Task<SourceAnswer> AskAsync(
        SourceConnection connection, long now, CancellationToken cancellation)
    {
        var redis = (RedisConnection)connection;
        var database = await redis.DatabaseAsync(cancellation);
        try
        {
            return await (Word switch
            {
                "stream" => StreamAsync(database),
                "pending" or "lag" => GroupAsync(database, Key.From?.Group ?? ""),
                _ => ListAsync(database),
            }).WaitAsync(cancellation);
        }
        catch (RedisServerException e)
        {
            throw new ScrapeException(FailureReason.Status, $"{Address}: {e.Message}{Remedy(e.Message)}");
        }
        catch (RedisTimeoutException)
        {
            throw new ScrapeException(FailureReason.Timeout, $"{Address}: no answer in time");
        }
        catch (RedisConnectionException e)
        {
            throw new ScrapeException(FailureReason.Connection, $"{Address}: {redis.Describe(e)}");
        }
    }

    private async Task<SourceAnswer> ListAsync(IDatabase database) =>
        new(await database.ListLengthAsync(Key.Selector), null);

    private async Task<SourceAnswer> StreamAsync(IDatabase database)
    {
        var length = await database.StreamLengthAsync(Key.Selector);
        return length > 0 || await database.KeyExistsAsync(Key.Selector)
            ? new SourceAnswer(length, null) : SourceAnswer.None(NoStream);
    }

    private async Task<SourceAnswer> GroupAsync(IDatabase database, string name)
    {
        if (!await database.KeyExistsAsync(Key.Selector)) return SourceAnswer.None(NoStream);
        var groups = await database.StreamGroupInfoAsync(Key.Selector);
        foreach (var group in groups.Where(group => group.Name == name))
        {
            if (Word == "pending") return new SourceAnswer(group.PendingMessageCount, null);
            return group.Lag is { } lag
                ? new SourceAnswer(lag, null)
                : SourceAnswer.None(
                    $"{Address} does not know the lag of '{name}': Redis 7 counts it, unless entries were deleted");
        }

        return SourceAnswer.None($"the stream '{Key.Selector}' has no group '{name}' at {Address}"
            + (groups.Length > 0 ? $"; it has {string.Join(", ", groups.Take(5).Select(group => group.Name))}" : ""));
    }

    private string NoStream => $"there is no stream '{Key.Selector}' at {Address}";

    private string Remedy(string message) =>
        message.StartsWith("WRONGTYPE", StringComparison.Ordinal)
            ? $"; it is no {(Word == "list" ? "list: 'read: stream'?" : "stream: 'read: list'?")}"
        : message.StartsWith("NOAUTH", StringComparison.Ordinal) || message.StartsWith("NOPERM", StringComparison.Ordinal)
            || message.StartsWith("WRONGPASS", StringComparison.Ordinal)
            ? "; 'user' and 'passwordFile' say who asks" : "";
}
