using System.Text;
using LifecycleManager.Metrics.Core.Windows;
using LifecycleManager.Metrics.Exposition;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>Scrapes Prometheus or OpenMetrics text, or the same in protobuf.</summary>
internal sealed class TextJob(ScrapeContext context, CollectedInstance instance, EndpointKey key, EndpointHints hints)
    : EndpointJob(context, instance, key, hints)
{
    private const long MaxAhead = 10 * 60 * 1000;
    private static readonly string[] Usual = ["/actuator/prometheus", "/prometheus", "/metrics"];
    private SeriesCache? _cache;
    private (string ContentType, MetricsMedia? Fallback, MetricsMedia? Media, bool IsDeclared)? _media;
    private readonly FormatChoice _format = new();
    private bool _isProtobuf;

    /// <summary>
    /// Takes the first place that answers with what parses. Where the endpoint was before, an answer that says to be metrics and
    /// is not fails the scrape: what is damaged there is not looked for elsewhere.
    /// </summary>
    protected override async Task<int> ScrapeAsync(long now, CancellationToken cancellation)
    {
        var (search, known, empty) = (new PlaceSearch(), Place, (string?)null);
        var selections = Selections;
        var accept = _format.Accept(selections);
        foreach (var place in Places(Candidates()))
        {
            var isDeclared = false;
            try
            {
                using var body = await GetAsync(At(place), accept, cancellation);
                isDeclared = MediaOf(body.ContentType).IsDeclared;
                var samples = Read(body, place, selections, now);
                if (samples == 0 && place != known)
                {
                    // No metric at all is no proof that this is the place, unless there is no better one.
                    empty ??= place;
                    continue;
                }

                Commit(place, selections, now);
                return samples;
            }
            catch (ScrapeException e) when (e.IsOfOneAddress)
            {
                var isHere = place == known && e.Reason is not (FailureReason.Status or FailureReason.NotFound
                    or FailureReason.ContentType);
                _format.Failed();
                if (isHere || e.Reason is FailureReason.TooLarge or FailureReason.TooManySamples) throw;
                search.Fail(place, e, isDeclared);
            }
        }

        if (empty is null)
        {
            Lose();
            throw search.Failure(At("/"), "Prometheus text at");
        }

        Batch.Clear();
        Begin(empty, selections);
        Commit(empty, selections, now);
        return 0;
    }

    private IEnumerable<string> Candidates()
    {
        if (GivenPath is not { } path)
        {
            foreach (var usual in Usual) yield return usual;
            yield break;
        }

        // A query is of one endpoint: /probe?target=..., /federate?match[]=...
        var hasQuery = path.Contains('?');
        if (!hasQuery) path = path.TrimEnd('/');
        if (path.Length > 0) yield return path;
        if (hasQuery) yield break;
        yield return path + "/prometheus";
        yield return path + "/metrics";
    }

    /// <summary>Reads the whole text, and keeps the wanted samples for <see cref="Commit"/>.</summary>
    private int Read(ResponseBody body, string place, Selection[] selections, long now)
    {
        if (MediaOf(body.ContentType).Media is not { } media)
        {
            var wrong = WrongType(At(place), body, "Prometheus or OpenMetrics text");
            throw wrong.With("; where only its type is wrong, the label lcm.metrics.format says what it is");
        }

        Batch.Clear();
        var cache = Begin(place, selections);
        _isProtobuf = media.IsProtobuf;
        try
        {
            return media.IsProtobuf
                ? ParseProtobuf(body.Memory, At(place), cache, now)
                : Parse(body.Bytes, media.Format, At(place), cache, now);
        }
        catch (ScrapeException)
        {
            cache.Abandon();
            _cache = null;
            throw;
        }
    }

    // A target says the same each time.
    private (MetricsMedia? Media, bool IsDeclared) MediaOf(string contentType)
    {
        var fallback = Instance.App.Labels.Format;
        if (_media is not { } known || known.ContentType != contentType || known.Fallback != fallback)
        {
            known = (contentType, fallback, MetricsMedia.Of(contentType, fallback), MetricsMedia.IsDeclared(contentType));
            _media = known;
        }

        return (known.Media, known.IsDeclared);
    }

    private SeriesCache Begin(string place, Selection[] selections)
    {
        var management = ManagementPath.Of(place);
        if (_cache is null || !_cache.IsFor(selections, management))
            _cache = new SeriesCache(selections, Context.Options.MaxSeriesPerTarget, Context.Names, management);
        _cache.Begin(BeginRound());
        return _cache;
    }

    private void Commit(string place, Selection[] selections, long now)
    {
        FindAt(place);
        Batch.Commit(selections, Round, now, Context.Options.MaxSamplesPerSeries, Nothing);
        _cache!.End();
        _format.Worked(_isProtobuf, _cache);
    }

    private NothingFound Nothing(Selection selection)
    {
        var cache = _cache!;
        var hasName = selection.SeriesNames.Any(cache.HasName);
        if (selection.CountName is { } count && cache.HasName(count) && !hasName)
        {
            // It has observed, and nobody can tell what: that is no idleness.
            return new NothingFound(
                $"{selection.Selector.Name} at {Address} has a count and no buckets: it is a summary, or a native histogram, "
                + "which a text does not show; have the service publish a histogram with buckets (Spring: "
                + "management.metrics.distribution.percentiles-histogram)");
        }

        return new NothingFound(
            $"no series at {Address} matches {selection.Key.Selector}",
            IsNotMadeYet: selection.IsMadeByFirstCall && !hasName);
    }

    private int Parse(ReadOnlySpan<byte> text, ExpositionFormat format, Uri uri, SeriesCache cache, long now)
    {
        var reader = new ExpositionReader(text, format);
        var samples = 0;
        ExpositionToken token;
        while ((token = reader.Read()) == ExpositionToken.Sample)
        {
            if (++samples > Context.Options.MaxSamplesPerScrape) throw TooMany(uri);
            if (!cache.IsWanted(reader.Name)) continue;
            var ownTime = reader.HasTimestamp;
            var time = ownTime ? reader.Timestamp : now;
            // A time far ahead would hide every true sample after it.
            if (time > now + MaxAhead) continue;
            foreach (var found in cache.Find(in reader))
                Batch.Add(found.Set, found.Series, new Sample(time, reader.Value), ownTime);
            if (cache.Problem is { } problem) throw new ScrapeException(problem.Reason, $"{uri}: {problem.Message}");
        }

        return token == ExpositionToken.Error
            ? throw new ScrapeException(FailureReason.Malformed, $"{uri}: {reader.Error}")
            : samples;
    }

    private int ParseProtobuf(ReadOnlyMemory<byte> body, Uri uri, SeriesCache cache, long now)
    {
        var reader = new ProtobufReader(body);
        var samples = 0;
        ExpositionToken token;
        while ((token = reader.Read()) == ExpositionToken.Sample)
        {
            if (++samples > Context.Options.MaxSamplesPerScrape) throw TooMany(uri);
            if (!cache.IsWanted(reader.Name)) continue;
            var time = reader.Timestamp ?? now;
            if (time > now + MaxAhead) continue;
            foreach (var found in cache.Find(reader))
            {
                if (reader.Unreadable is { } buckets)
                {
                    var name = Encoding.UTF8.GetString(reader.Name);
                    Batch.Refuse(found.Set, $"{name} at {Address} is a native histogram with {buckets}; "
                        + "have the service publish classic buckets, or exponential ones");
                    continue;
                }

                var sample = new Sample(time, reader.Value);
                Batch.Add(found.Set, found.Series, sample, reader.Timestamp is not null, reader.Histogram);
            }

            if (cache.Problem is { } problem) throw new ScrapeException(problem.Reason, $"{uri}: {problem.Message}");
        }

        return token == ExpositionToken.Error
            ? throw new ScrapeException(FailureReason.Malformed, $"{uri}: {reader.Error}")
            : samples;
    }

    private ScrapeException TooMany(Uri uri) =>
        new(FailureReason.TooManySamples, $"{uri} has more than {Context.Options.MaxSamplesPerScrape} samples");
}
