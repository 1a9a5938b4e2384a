using System.Text;
using LifecycleManager.Runtime.Observability;
using Prometheus;

namespace LifecycleManager.Runtime.Tests.Observability;

public sealed class GaugeSeriesTests
{
    [Fact]
    public async Task What_is_withdrawn_is_not_shown_until_it_is_set_again()
    {
        var registry = Metrics.NewCustomRegistry();
        var metrics = Metrics.WithCustomRegistry(registry);
        var plain = metrics.CreateUnset("plain", "One.");
        var labelled = metrics.CreateGauge("labelled", "Several.", "app");
        Assert.Empty(await ScrapeAsync());

        for (var term = 1; term < 3; term++)
        {
            plain.Set(term);
            labelled.WithLabels("/a").Set(term);
            labelled.WithLabels("/b").Set(term);
            Assert.Equal(
                [$"labelled{{app=\"/a\"}} {term}", $"labelled{{app=\"/b\"}} {term}", $"plain {term}"], await ScrapeAsync());
            plain.Withdraw();
            labelled.Withdraw();
            Assert.Empty(await ScrapeAsync());
        }

        async Task<string[]> ScrapeAsync()
        {
            using var text = new MemoryStream();
            await registry.CollectAndExportAsTextAsync(text);
            return [.. Encoding.UTF8.GetString(text.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Where(line => line[0] != '#').Order(StringComparer.Ordinal)];
        }
    }
}
