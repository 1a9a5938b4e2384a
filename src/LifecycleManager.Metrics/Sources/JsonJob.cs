using System.Net;
using System.Text;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Sources.Servers;

namespace LifecycleManager.Metrics.Sources;

/// <summary>Asks an HTTP server for JSON, and takes a number out of it by a JSONPath.</summary>
internal sealed class JsonJob(ScrapeContext context, SeriesKey key, SourceServers servers) : SourceJob(context, key, servers)
{
    private const string WholeDocument = "$";

    protected override async Task<SourceAnswer> AskAsync(
        SourceConnection connection, long now, CancellationToken cancellation)
    {
        var http = (HttpConnection)connection;
        var name = http.Server.Address + Key.Selector.Split('?')[0];
        var (status, body) = await http.AskAsync(Key.Selector, null, cancellation);
        if (status != HttpStatusCode.OK) throw http.Refused(name, status, null);
        var path = Key.From?.Value ?? WholeDocument;
        try
        {
            var values = JsonValuePath.Read(new UTF8Encoding(false, true).GetString(body).TrimStart('\uFEFF'), path);
            return SourceAnswer.Of(values, Key.From?.Across, $"'{path}'", "values", $"{name} has nothing at '{path}'");
        }
        catch (Exception e) when (e is FormatException or DecoderFallbackException)
        {
            throw new ScrapeException(FailureReason.Malformed, $"{name}: {e.Message}");
        }
    }
}
