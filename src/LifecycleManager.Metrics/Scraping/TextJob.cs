using LifecycleManager.Metrics.Exposition;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>Scrapes Prometheus or OpenMetrics text.</summary>
internal sealed class TextJob(ScrapeContext context, Instance instance, EndpointKey key, EndpointHints hints)
    : EndpointJob(context, instance, key, hints)
{
    private const string Accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    private const long MostAhead = 10 * 60 * 1000;
    private static readonly string[] Usual = ["/actuator/prometheus", "/prometheus", "/metrics"];
    private SeriesCache? _cache;

    protected override async Task<int> ScrapeAsync(long now, CancellationToken cancellation)
    {
        using var body = await FindAsync(cancellation);
        return Store(body, now);
    }

    private string[] Candidates()
    {
        var path = GivenPath;
        if (path is null) return Usual;
        path = path.TrimEnd('/');
        return path.Length == 0 ? ["/prometheus", "/metrics"] : [path, path + "/prometheus", path + "/metrics"];
    }

    // The first place that answers with text. A place that fails otherwise is only reported when no other does better.
    private async Task<Body> FindAsync(CancellationToken cancellation)
    {
        ScrapeException? worst = null;
        var tried = new List<string>();
        foreach (var place in Places(Candidates()))
        {
            tried.Add(place);
            try
            {
                var uri = At(place);
                var body = await Context.Client.GetAsync(uri, Accept, Credential(), cancellation);
                if (IsText(body))
                {
                    Place = place;
                    return body;
                }

                worst ??= new ScrapeException(
                    FailureReason.ContentType, $"{uri} answered {body.MediaType} where Prometheus or OpenMetrics text is needed");
                body.Dispose();
            }
            catch (ScrapeException e) when (e.Reason is FailureReason.Status or FailureReason.NotFound)
            {
                if (worst is null || (worst.Reason != FailureReason.Status && e.Reason == FailureReason.Status)) worst = e;
            }
        }

        Place = null;
        throw worst is { Reason: not FailureReason.NotFound }
            ? worst
            : new ScrapeException(FailureReason.NotFound, $"{At("/")} has no Prometheus text at {string.Join(", ", tried)}");
    }

    // Text without a type is tried too: exporters written by hand often send none.
    private static bool IsText(Body body) => body.MediaType is "text/plain" or "application/openmetrics-text" or "";

    private int Store(Body body, long now)
    {
        var selections = Selections;
        if (_cache is null || !_cache.IsFor(selections))
            _cache = new SeriesCache(selections, Context.Options.MaxSeriesPerTarget, Context.Names);
        Batch.Clear();
        _cache.Begin(++Round);
        try
        {
            var samples = Parse(body, _cache, now);
            Batch.Commit(
                selections, Round, now, Context.Options.MaxSamplesPerSeries,
                selection => $"no series at {Address} matches {selection.Key.Selector}");
            _cache.End();
            return samples;
        }
        catch (ScrapeException)
        {
            _cache.Abandon();
            _cache = null;
            throw;
        }
    }

    private int Parse(Body body, SeriesCache cache, long now)
    {
        var format = body.MediaType == "application/openmetrics-text" ? ExpositionFormat.OpenMetrics : ExpositionFormat.Text;
        var reader = new ExpositionReader(body.Bytes, format);
        var samples = 0;
        ExpositionToken token;
        while ((token = reader.Read()) == ExpositionToken.Sample)
        {
            if (++samples > Context.Options.MaxSamplesPerScrape)
                throw new ScrapeException(
                    FailureReason.TooManySamples, $"{Address} has more than {Context.Options.MaxSamplesPerScrape} samples");
            if (!cache.IsWanted(reader.Name)) continue;
            var ownTime = reader.HasTimestamp;
            var time = ownTime ? reader.Timestamp : now;
            // A time far ahead would hide every true sample after it.
            if (time > now + MostAhead) continue;
            foreach (var found in cache.Find(in reader))
                Batch.Add(found.Set, found.Series, new Sample(time, reader.Value), ownTime);
            if (cache.Problem is { } problem) throw new ScrapeException(problem.Reason, $"{Address}: {problem.Message}");
        }

        return token == ExpositionToken.Error
            ? throw new ScrapeException(FailureReason.Malformed, $"{Address}: {reader.Error}")
            : samples;
    }
}
