using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Tests.Sources;

public sealed class PromQlTests
{
    private static MetricQuery PromQl(string expression, Aggregation? across = null) =>
        new() { Source = MetricSource.PromQl, Selector = expression, From = new SourceSettings { Across = across } };

    [Fact]
    public async Task A_real_server_evaluates_expressions_and_its_errors_are_told()
    {
        await using var target = await HttpServer.StartAsync(
            "text/plain; version=0.0.4", new() { ["/metrics"] = "depth{q=\"a\"} 4\ndepth{q=\"b\"} 8\n" });
        await using var prometheus = await PrometheusServer.StartAsync(
            $"  - job_name: a\n    static_configs:\n      - targets: ['127.0.0.1:{target.Port}']\n");
        await using var scheduler = await FakeScheduler.StartAsync();
        await using var collector =
            await CollectorUnderTest.StartAsync(scheduler, options => options with { Prometheus = prometheus.Url });
        MetricQuery vector = PromQl("depth", Aggregation.Sum), max = PromQl("depth", Aggregation.Max),
            scalar = PromQl("scalar(sum(depth))"),
            nothing = PromQl("nothing"), several = PromQl("depth"), count = PromQl("depth", Aggregation.Count),
            wrong = PromQl("sum(depth"), range = PromQl("depth[1m]"), nan = PromQl("0 * depth / 0", Aggregation.Max),
            app = PromQl("sum(depth{q=~\"${label:queue}|x\"}) + 0 * count(up{job!=\"$app\"})");
        collector.Demand(("/any", vector), ("/any", max), ("/any", scalar), ("/any", nothing), ("/any", wrong), ("/any", range),
            ("/any", nan), ("/any", several), ("/any", count));

        Assert.Equal(12, (await collector.ReadAsync("/any", vector)).Value);
        Assert.Equal(8, (await collector.ReadAsync("/any", max)).Value);
        var read = await collector.ReadAsync("/any", scalar);
        Assert.Equal((12, 1, 0), (read.Value, read.Reporting, read.Instances));
        async Task Missing(MetricQuery query, string reason) =>
            await collector.ReadAsync("/any", query, reading =>
                reading.Missing?.Contains(reason, StringComparison.Ordinal) == true);
        await Missing(nothing, "the query has no result");
        await Missing(several, "the query has 2 series: say how they become one, 'across: sum'");
        Assert.Equal(2, (await collector.ReadAsync("/any", count)).Value);
        await Missing(wrong, "unclosed left parenthesis");
        await Missing(range, "a scalar or an instant vector is needed");
        await Missing(nan, "there was no observation");
        Assert.Equal(Absence.Idle, collector.Collector.Read("/any", nan, DateTimeOffset.UtcNow).Absence);
        Assert.Equal(Absence.Missing, collector.Collector.Read("/any", nothing, DateTimeOffset.UtcNow).Absence);
        var instances = new List<InstanceReading>();
        collector.Collector.ReadInstances("/any", vector, DateTimeOffset.UtcNow, instances);
        Assert.Empty(instances);

        // One query for several apps, each with its own label.
        MetricDemand Of(string id, string queue) =>
            new(id, app) { Labels = new Dictionary<string, string> { ["queue"] = queue } };
        collector.Collector.Demand([Of("/one", "a"), Of("/two", "b"), new MetricDemand("/three", app)]);
        Assert.Equal(4, (await collector.ReadAsync("/one", app)).Value);
        Assert.Equal(8, (await collector.ReadAsync("/two", app)).Value);
        Assert.Equal("${label:queue}: /three has no label queue; give it one, or name another in the policy",
            (await collector.ReadAsync("/three", app, reading => !reading.IsKnown)).Missing);
        collector.Collector.Demand([Of("/one", "b")]);
        Assert.Equal(8, (await collector.ReadAsync("/one", app, reading => reading.Value == 8)).Value);
    }
}
