using System.Globalization;
using LifecycleManager.Metrics.Core.Windows;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Sources.Servers;

namespace LifecycleManager.Metrics.Sources;

/// <summary>Asks a server that is no instance of an app for one metric, for all apps that have the same question.</summary>
internal abstract class SourceJob(ScrapeContext context, SeriesKey key, SourceServers servers) : ScrapeJob(context)
{
    private long _round;
    private string? _address;

    public SeriesKey Key => key;

    public SeriesSet Set { get; } = new(new Lock());

    /// <summary>The apps whose rules read it; set by the owner.</summary>
    public IReadOnlyCollection<string> Readers { get; set; } = [];

    public override IReadOnlyCollection<string> Apps => Readers;

    public override string Id { get; } = $"{key.Source}|{key.Selector}{(key.From is null ? "" : $"|{key.From}")}";

    public override string Address => _address ?? $"the {key.Source} server {key.From?.Server}".TrimEnd();

    protected sealed override async Task<int> ScrapeAsync(long now, CancellationToken cancellation)
    {
        // Files may be read for it: not on the thread that begins all other questions.
        await Task.Yield();
        var connection = servers.Rent(key.Source, key.From?.Server);
        _address = connection.Server.Address;
        try
        {
            // Who waits here holds nobody up but others that ask the same server.
            await connection.Turns.WaitAsync(cancellation);
            try
            {
                Store(await AskInTimeAsync(connection, now, cancellation), now);
                return 1;
            }
            finally
            {
                connection.Turns.Release();
            }
        }
        finally
        {
            SourceServers.Return(connection);
        }
    }

    /// <summary>Asks once.</summary>
    /// <param name="connection">The server's.</param>
    /// <param name="now">The question's time, milliseconds since 1970.</param>
    /// <param name="cancellation">The time is over.</param>
    /// <exception cref="ScrapeException">It does not answer, or something that is no answer.</exception>
    protected abstract Task<SourceAnswer> AskAsync(SourceConnection connection, long now, CancellationToken cancellation);

    private async Task<SourceAnswer> AskInTimeAsync(SourceConnection connection, long now, CancellationToken cancellation)
    {
        if (connection.Server.Timeout is not { } limit || limit >= Context.Options.Timeout)
            return await AskAsync(connection, now, cancellation);
        using var time = new CancellationTokenSource(limit, Context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(time.Token, cancellation);
        try
        {
            return await AskAsync(connection, now, either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ScrapeException(FailureReason.Timeout, string.Create(
                CultureInfo.InvariantCulture, $"{Address}: no complete answer within {limit.TotalSeconds:0.###} s"));
        }
    }

    private void Store(SourceAnswer answer, long now)
    {
        _round++;
        lock (Set.SyncRoot)
        {
            if (answer.Problem is null)
            {
                var series = Set.Get("");
                (series.Round, series.Gone) = (_round, false);
                series.Samples.Append(new Sample(now, answer.Value), Set.Retention, Context.Options.MaxSamplesPerSeries);
            }

            Set.Close(_round, now);
            (Set.Problem, Set.Note) = (answer.Problem, answer.Note);
        }
    }
}
