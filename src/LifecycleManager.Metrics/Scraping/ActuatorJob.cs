using System.Text.Json;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>
/// Scrapes a Spring Boot actuator of any version. Where it is and which version it is, its <c>/metrics</c> tells: a flat object
/// of numbers is Boot 1.x, a list of names Boot 2 or 3, of which then only the wanted metrics are asked.
/// </summary>
/// <remarks>
/// The names <c>health</c> and <c>health.{component or group}</c> are 1 where that is UP and else 0. In a selector,
/// <c>statistic</c> names the statistic of a Boot 2 metric (<c>COUNT</c>, <c>TOTAL_TIME</c>, <c>MAX</c>, ...); every other
/// matcher is a tag and must be <c>=</c>, since the actuator knows nothing else. A policy outlives the service's move to Boot 2:
/// where that has no <c>gauge.servo.tpm</c>, its <c>servo.tpm</c> is read.
/// </remarks>
internal sealed class ActuatorJob(ScrapeContext context, Instance instance, EndpointKey key, EndpointHints hints)
    : EndpointJob(context, instance, key, hints)
{
    private const string Accept =
        "application/json,application/vnd.spring-boot.actuator.v3+json;q=0.9,application/vnd.spring-boot.actuator.v2+json;q=0.8";
    private static readonly string[] Usual = ["/actuator", "/admin", "/"];
    private Wanted[] _wanted = [];
    private Wanted[] _health = [];
    private Selection[] _wantedOf = [];
    private ActuatorShape _shape;

    /// <summary>Why an actuator cannot answer a selector; null where it can.</summary>
    public static string? Check(SeriesSelector selector) =>
        selector.Matchers.FirstOrDefault(matcher => matcher.Kind != MatchKind.Equal) is { } matcher
            ? $"an actuator's tags are compared with '=' only: {matcher.Label}"
            : null;

    protected override async Task<int> ScrapeAsync(long now, CancellationToken cancellation)
    {
        var selections = Selections;
        if (!ReferenceEquals(selections, _wantedOf))
        {
            var wanted = selections.Select(Wanted.Of).ToLookup(wanted => wanted.Component is not null);
            (_wanted, _health, _wantedOf) = ([.. wanted[false]], [.. wanted[true]], selections);
        }

        Round++;
        Batch.Clear();
        var samples = _wanted.Length > 0 ? await ReadMetricsAsync(now, cancellation) : 0;
        if (_health.Length > 0) samples += await FindHealthAsync(now, cancellation);
        else if (!Instance.Target.IsChecked && Place is { } place) Instance.IsUp = await IsUpAsync(place, cancellation);
        Batch.Commit(selections, Round, now, Context.Options.MaxSamplesPerSeries, Absent);
        return samples;
    }

    private string Absent(Selection selection) => _shape == ActuatorShape.Flat && selection.Selector.Matchers.Count > 0
        ? $"{Address} is Spring Boot 1.x, whose metrics have no tags: {selection.Key.Selector}"
        : $"{Address} has no metric {selection.Key.Selector}";

    private async Task<int> ReadMetricsAsync(long now, CancellationToken cancellation)
    {
        // A known Boot 2 is asked for the metrics straight away; where it has none of them it may have been replaced.
        if (Place is { } place && _shape == ActuatorShape.Names)
        {
            var (samples, found) = await ReadNamesAsync(place, now, cancellation);
            if (found) return samples;
        }

        return await FindAsync(now, cancellation);
    }

    private async Task<int> FindAsync(long now, CancellationToken cancellation)
    {
        ScrapeException? worst = null;
        var tried = new List<string>();
        foreach (var place in Places(Candidates()))
        {
            tried.Add(place);
            var uri = At(place.TrimEnd('/') + "/metrics");
            try
            {
                using var body = await Context.Client.GetAsync(uri, Accept, Credential(), cancellation);
                if (body.MediaType.Contains("json", StringComparison.Ordinal))
                {
                    _shape = ReadMetrics(body, uri, now, out var count);
                    Place = place;
                    if (_shape == ActuatorShape.Flat) return count;
                    return (await ReadNamesAsync(place, now, cancellation)).Samples;
                }

                worst ??= new ScrapeException(
                    FailureReason.ContentType,
                    $"{uri} answered {body.MediaType} where an actuator's JSON is needed");
            }
            catch (ScrapeException e) when (e.Reason is FailureReason.Status or FailureReason.NotFound)
            {
                if (worst is null || (worst.Reason != FailureReason.Status && e.Reason == FailureReason.Status)) worst = e;
            }
        }

        Place = null;
        throw worst is { Reason: not FailureReason.NotFound }
            ? worst
            : new ScrapeException(FailureReason.NotFound, $"{At("/")} has no actuator metrics below {string.Join(", ", tried)}");
    }

    // A path of Prometheus text that serves both kinds of endpoints stands beside the actuator's others.
    private string[] Candidates()
    {
        if (GivenPath?.TrimEnd('/') is not { } path) return Usual;
        if (path.Length == 0) return ["/"];
        var last = path.LastIndexOf('/');
        return path[last..] is "/prometheus" or "/metrics" ? [last == 0 ? "/" : path[..last], path] : [path];
    }

    private async Task<int> FindHealthAsync(long now, CancellationToken cancellation)
    {
        ScrapeException? worst = null;
        foreach (var place in Places(Candidates()))
        {
            var uri = At(place.TrimEnd('/') + "/health");
            try
            {
                using var body = await GetHealthAsync(uri, cancellation);
                Instance.IsUp = HealthText.Status(body.Memory, null) == "UP";
                Place = place;
                foreach (var wanted in _health)
                {
                    // A group is not in the whole's body, but has an address of its own.
                    var status = HealthText.Status(body.Memory, wanted.Component)
                        ?? await GroupAsync(uri, wanted.Component!, cancellation);
                    if (status is not null) Add(wanted, status == "UP" ? 1 : 0, now);
                }

                return _health.Length;
            }
            catch (ScrapeException e) when (
                e.Reason is FailureReason.Status or FailureReason.NotFound or FailureReason.ContentType)
            {
                if (worst is null || (worst.Reason == FailureReason.NotFound && e.Reason != FailureReason.NotFound)) worst = e;
            }
            catch (JsonException e)
            {
                throw Malformed(uri, e);
            }
        }

        throw worst!;
    }

    private async Task<string?> GroupAsync(Uri health, string group, CancellationToken cancellation)
    {
        try
        {
            using var body = await GetHealthAsync(
                new Uri($"{health}/{string.Join('/', group.Split('/').Select(Uri.EscapeDataString))}"), cancellation);
            return HealthText.Status(body.Memory, null);
        }
        catch (ScrapeException e) when (e.Reason == FailureReason.NotFound)
        {
            return null;
        }
    }

    private async Task<Body> GetHealthAsync(Uri uri, CancellationToken cancellation)
    {
        var body = await Context.Client.GetAsync(uri, Accept, Credential(), cancellation, unavailable: true);
        if (body.MediaType.Contains("json", StringComparison.Ordinal)) return body;
        var type = body.MediaType;
        body.Dispose();
        throw new ScrapeException(FailureReason.ContentType, $"{uri} answered {type} where an actuator's JSON is needed");
    }

    // Nobody demanded it, so that an actuator without health is no failure: then nothing is known.
    private async Task<bool?> IsUpAsync(string place, CancellationToken cancellation)
    {
        try
        {
            using var body = await GetHealthAsync(At(place.TrimEnd('/') + "/health"), cancellation);
            return HealthText.Status(body.Memory, null) == "UP";
        }
        catch (Exception e) when (e is ScrapeException or JsonException)
        {
            return null;
        }
    }

    private ActuatorShape ReadMetrics(Body body, Uri uri, long now, out int count)
    {
        var values = _wanted.Length <= 64 ? stackalloc double[_wanted.Length] : new double[_wanted.Length];
        try
        {
            var shape = ActuatorText.ReadMetrics(body.Bytes, [.. _wanted.Select(wanted => wanted.Name)], values, out count);
            if (shape == ActuatorShape.Flat && count == 0)
                throw new ScrapeException(
                    FailureReason.Malformed, $"{uri}: no number and no list of names, so no actuator's metrics");
            if (count > Context.Options.MaxSamplesPerScrape)
                throw new ScrapeException(
                    FailureReason.TooManySamples, $"{uri} has more than {Context.Options.MaxSamplesPerScrape} metrics");
            if (shape == ActuatorShape.Flat)
            {
                for (var i = 0; i < values.Length; i++)
                {
                    // Tags select nothing here, and NaN is as good as absent.
                    if (!double.IsNaN(values[i]) && _wanted[i].Selection.Selector.Matchers.Count == 0)
                        Add(_wanted[i], values[i], now);
                }
            }

            return shape;
        }
        catch (JsonException e)
        {
            throw Malformed(uri, e);
        }
    }

    private async Task<(int Samples, bool Found)> ReadNamesAsync(string place, long now, CancellationToken cancellation)
    {
        var samples = 0;
        foreach (var wanted in _wanted)
        {
            var value = await ReadNameAsync(place, wanted.PathAndQuery, wanted.Statistic, cancellation);
            if (value is null && wanted.Boot2PathAndQuery is { } path)
                value = await ReadNameAsync(place, path, wanted.Statistic, cancellation);
            if (value is not { } number) continue;
            samples++;
            Add(wanted, number, now);
        }

        return (samples, samples > 0 || _wanted.Length == 0);
    }

    /// <summary>
    /// One metric of Boot 2; null where there is none of that name: a timer that has not been used does not exist yet.
    /// </summary>
    private async Task<double?> ReadNameAsync(
        string place, string pathAndQuery, string? statistic, CancellationToken cancellation)
    {
        var uri = At(place.TrimEnd('/') + pathAndQuery);
        try
        {
            using var body = await Context.Client.GetAsync(uri, Accept, Credential(), cancellation);
            if (!body.MediaType.Contains("json", StringComparison.Ordinal))
                throw new ScrapeException(
                    FailureReason.ContentType, $"{uri} answered {body.MediaType} where an actuator's JSON is needed");
            return ActuatorText.ReadMetric(body.Bytes, statistic) is { } number && !double.IsNaN(number) ? number : null;
        }
        catch (ScrapeException e) when (e.Reason == FailureReason.NotFound)
        {
            return null;
        }
        catch (JsonException e)
        {
            throw Malformed(uri, e);
        }
    }

    private void Add(Wanted wanted, double value, long now)
    {
        var set = wanted.Selection.Set;
        lock (set.Gate) Batch.Add(set, set.Get(""), new Sample(now, value), ownTime: false);
    }

    private static ScrapeException Malformed(Uri uri, JsonException e) =>
        new(FailureReason.Malformed, $"{uri}: {UntrustedJson.Describe(e)}");

    private sealed record Wanted(
        Selection Selection, string Name, string? Statistic, string PathAndQuery, string? Boot2PathAndQuery)
    {
        /// <summary>What Boot 1.x puts before the names that an app gives to its metrics, and Boot 2 does not.</summary>
        private static readonly string[] Boot1Prefixes = ["gauge.", "counter."];

        /// <summary>The component or group of a health selector, empty for the whole; null for a metric.</summary>
        public string? Component { get; } = Name switch
        {
            "health" => "",
            _ when Name.StartsWith("health.", StringComparison.Ordinal) => Name["health.".Length..],
            _ => null,
        };

        public static Wanted Of(Selection selection)
        {
            var matchers = selection.Selector.Matchers;
            var statistic = matchers.FirstOrDefault(matcher => matcher.Label == "statistic")?.Value;
            var tags = matchers.Where(matcher => matcher.Label != "statistic")
                .Select(matcher => $"tag={Uri.EscapeDataString(matcher.Label)}:{Uri.EscapeDataString(matcher.Value)}");
            var query = string.Join('&', tags);
            var name = selection.Selector.Name;
            var prefix = Boot1Prefixes.FirstOrDefault(prefix => name.StartsWith(prefix, StringComparison.Ordinal));
            return new Wanted(selection, name, statistic, Path(name), prefix is null ? null : Path(name[prefix.Length..]));

            string Path(string name) => $"/metrics/{Uri.EscapeDataString(name)}{(query.Length > 0 ? "?" + query : "")}";
        }
    }
}
