using LifecycleManager.Manager.History;
using LifecycleManager.Manager.Tests.Fakes;

namespace LifecycleManager.Manager.Tests.History;

public sealed class MetricHistoryTests
{
    private const string App = "/brownfield/search";

    [Fact]
    public async Task Counts_and_metrics_are_sampled_and_grow_old()
    {
        await using var term = await TermUnderTest.StartAsync(configure: options =>
            options with { KeptHistory = TimeSpan.FromMinutes(2) });
        term.Marathon.Add(App, 2);
        term.Metrics[App, "gauge.servo.tpm"] = 15;
        for (var i = 0; i < 60; i++) await term.TickAsync();

        var series = term.History.Read(App, null, null);
        Assert.Equal(["desired", "healthy", "instances", "running", "tpm"], series.Select(s => s.Name));
        Assert.All(series, s => Assert.InRange(s.Points.Count, 8, 9));
        Assert.Equal(15, series[^1].Points[^1].Value);

        term.Metrics[App, "gauge.servo.tpm"] = null;
        for (var i = 0; i < 30; i++) await term.TickAsync();
        Assert.DoesNotContain(term.History.Read(null, null, null), s => s.Name == "tpm");
    }

    [Fact]
    public void Of_one_app_it_is_a_table_with_gaps_where_a_value_was_missing()
    {
        var at = new DateTimeOffset(2026, 11, 24, 19, 0, 0, TimeSpan.Zero);
        var rows = MetricHistory.Table(
            [("/a", "cpu", [new(at, 0.5)]), ("/a", "rate(x, 1m)", [new(at, 1), new(at.AddSeconds(15), 2)])]);
        Assert.Equal(
            ["time\tcpu\trate(x, 1m)\n", "2026-11-24T19:00:00.000Z\t0.5\t1\n", "2026-11-24T19:00:15.000Z\t\t2\n"], rows);
    }

    [Fact]
    public void A_line_is_CSV_whatever_the_names_hold()
    {
        var point = new MetricHistory.Point(new DateTimeOffset(2026, 11, 24, 20, 0, 0, TimeSpan.FromHours(1)), 0.1);
        Assert.Equal("2026-11-24T19:00:00.000Z,/a,\"rate(\"\"x\"\", 1m)\",0.1\n",
            MetricHistory.Line("/a", "rate(\"x\", 1m)", point));
    }
}
