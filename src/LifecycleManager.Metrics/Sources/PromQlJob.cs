using System.Globalization;
using System.Text.Json;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;

namespace LifecycleManager.Metrics.Sources;

/// <summary>
/// Has a Prometheus server evaluate an expression at each interval. One request serves all apps that use the expression.
/// </summary>
internal sealed class PromQlJob(ScrapeContext context, SeriesKey key, Uri server) : SourceJob(context, key)
{
    private readonly string _base = server.ToString().TrimEnd('/') + "/api/v1/query";

    public override string Address => _base;

    protected override async Task<int> ScrapeAsync(long now, CancellationToken cancellation)
    {
        var timeout = Math.Max(1, (int)Context.Options.Timeout.TotalMilliseconds);
        var uri = new Uri(string.Create(CultureInfo.InvariantCulture,
            $"{_base}?query={Uri.EscapeDataString(Key.Selector)}&time={now / 1000.0:0.000}&timeout={timeout}ms"));
        using var body = await Context.Client.GetAsync(
            uri, "application/json", Context.Credentials.For("prometheus"), cancellation, _base, PromQlAnswer.ReadError);
        try
        {
            var values = PromQlAnswer.Read(body.Memory);
            if (values.Count > Context.Options.MaxSeriesPerTarget)
                throw new ScrapeException(FailureReason.TooManySamples,
                    $"{_base}: the result has {values.Count} series, {Context.Options.MaxSeriesPerTarget} are allowed");
            Store(values, now, $"the query has no result at {_base}");
            return values.Count;
        }
        catch (JsonException e)
        {
            throw new ScrapeException(FailureReason.Malformed, $"{_base}: {UntrustedJson.Describe(e)}");
        }
    }
}
