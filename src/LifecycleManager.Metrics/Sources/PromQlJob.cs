using System.Globalization;
using System.Net;
using System.Text.Json;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Sources.Servers;

namespace LifecycleManager.Metrics.Sources;

/// <summary>
/// Has a server that speaks Prometheus' API (Prometheus, Thanos, Mimir, Cortex, VictoriaMetrics) evaluate an expression at each
/// interval. One request serves all apps that use the same expression.
/// </summary>
internal sealed class PromQlJob(ScrapeContext context, SeriesKey key, SourceServers servers) : SourceJob(context, key, servers)
{
    private const string Path = "/api/v1/query";

    /// <summary>Longer addresses may be cut or refused on their way: the query goes into the body.</summary>
    private const int MaxAddress = 2_000;

    protected override async Task<SourceAnswer> AskAsync(
        SourceConnection connection, long now, CancellationToken cancellation)
    {
        var http = (HttpConnection)connection;
        var name = http.Server.Address + Path;
        var limit = Math.Max(1, (int)(http.Server.Timeout ?? Context.Options.Timeout).TotalMilliseconds);
        KeyValuePair<string, string>[] fields =
        [
            new("query", Key.Selector),
            new("time", (now / 1000.0).ToString("0.000", CultureInfo.InvariantCulture)),
            new("timeout", string.Create(CultureInfo.InvariantCulture, $"{limit}ms")),
        ];
        var path = $"{Path}?{string.Join('&', fields.Select(field => $"{field.Key}={Uri.EscapeDataString(field.Value)}"))}";
        var isPosted = http.Server.Post || path.Length + http.Server.Url.OriginalString.Length > MaxAddress;
        using var body = isPosted ? new FormUrlEncodedContent(fields) : null;
        var (status, answer) = await http.AskAsync(isPosted ? Path : path, body, cancellation);
        if (status != HttpStatusCode.OK)
        {
            var said = PromQlAnswer.ReadError(answer);
            throw http.Refused(name, status, said
                ?? (status == HttpStatusCode.NotFound ? "no query API is there: is the address' path the right one?" : null));
        }

        try
        {
            var result = PromQlAnswer.Read(answer, now, (long)Context.Options.EffectiveStaleness.TotalMilliseconds);
            if (result.Doubt is { } doubt) return SourceAnswer.None($"{name}: {doubt}");
            var note = result.Note is null ? "" : $"; it remarks: {result.Note}";
            return SourceAnswer.Of(
                result.Values, Key.From?.Across, "the query", "series", $"the query has no result at {name}{note}") with
            {
                Note = result.Note,
            };
        }
        catch (JsonException e)
        {
            throw new ScrapeException(FailureReason.Malformed, $"{name}: {UntrustedJson.Describe(e)}");
        }
    }
}
