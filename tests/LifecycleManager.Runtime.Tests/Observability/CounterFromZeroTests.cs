using System.Text;
using LifecycleManager.Runtime.Observability;
using Prometheus;

namespace LifecycleManager.Runtime.Tests.Observability;

public sealed class CounterFromZeroTests
{
    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly CounterFromZero _counter;

    public CounterFromZeroTests() => _counter = new CounterFromZero(_registry, "events_total", "Events.", "app", "kind");

    [Fact]
    public async Task What_counted_before_anybody_looked_is_shown_as_zero_once_and_then_whole()
    {
        _counter.Inc("/a", "x");
        _counter.Inc(4, "/a", "x");
        Assert.Equal(["{app=\"/a\",kind=\"x\"} 0"], await ScrapeAsync());

        _counter.Inc("/a", "x");
        Assert.Equal(["{app=\"/a\",kind=\"x\"} 6"], await ScrapeAsync());

        // From then on it is a counter like any other.
        _counter.Inc("/a", "x");
        Assert.Equal(["{app=\"/a\",kind=\"x\"} 7"], await ScrapeAsync());
    }

    [Fact]
    public async Task A_series_may_begin_before_it_counts_and_beginning_again_changes_nothing()
    {
        _counter.Begin("/a", "x");
        Assert.Equal(["{app=\"/a\",kind=\"x\"} 0"], await ScrapeAsync());
        _counter.Inc("/a", "x");
        _counter.Begin("/a", "x");
        Assert.Equal(["{app=\"/a\",kind=\"x\"} 1"], await ScrapeAsync());
    }

    [Fact]
    public async Task A_series_that_has_ended_begins_anew_at_zero()
    {
        _counter.Inc("/a", "x");
        _counter.Inc("/b", "x");
        await ScrapeAsync();
        await ScrapeAsync();
        _counter.Remove("/a", "x");
        _counter.Remove("/never", "x");
        Assert.Equal(["{app=\"/b\",kind=\"x\"} 1"], await ScrapeAsync());

        _counter.Inc("/a", "x");
        Assert.Equal(["{app=\"/a\",kind=\"x\"} 0", "{app=\"/b\",kind=\"x\"} 1"], await ScrapeAsync());
        _counter.Clear();
        Assert.Empty(await ScrapeAsync());
        _counter.Inc("/b", "x");
        Assert.Equal(["{app=\"/b\",kind=\"x\"} 0"], await ScrapeAsync());
        Assert.Equal(["{app=\"/b\",kind=\"x\"} 1"], await ScrapeAsync());
    }

    private async Task<string[]> ScrapeAsync()
    {
        using var text = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(text);
        return [.. Encoding.UTF8.GetString(text.ToArray()).Split('\n')
            .Where(line => line.StartsWith("events_total", StringComparison.Ordinal))
            .Select(line => line["events_total".Length..]).Order(StringComparer.Ordinal)];
    }
}
