using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Tests.Parity;

public sealed class PromQlTests
{
    private static MetricQuery PromQl(string expression, Aggregation across = Aggregation.Sum) =>
        new() { Source = MetricSource.PromQl, Selector = expression, Across = across };

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
        MetricQuery vector = PromQl("depth"), max = PromQl("depth", Aggregation.Max), scalar = PromQl("scalar(sum(depth))"),
            nothing = PromQl("nothing"),
            wrong = PromQl("sum(depth"), range = PromQl("depth[1m]"), nan = PromQl("0 * depth / 0");
        collector.Demand(("/any", vector), ("/any", max), ("/any", scalar), ("/any", nothing), ("/any", wrong), ("/any", range),
            ("/any", nan));

        Assert.Equal(12, (await collector.ReadAsync("/any", vector)).Value);
        Assert.Equal(8, (await collector.ReadAsync("/any", max)).Value);
        var read = await collector.ReadAsync("/any", scalar);
        Assert.Equal((12, 1, 0), (read.Value, read.Reporting, read.Instances));
        async Task Missing(MetricQuery query, string reason) =>
            await collector.ReadAsync("/any", query, reading =>
                reading.Missing?.Contains(reason, StringComparison.Ordinal) == true);
        await Missing(nothing, "the query has no result");
        await Missing(wrong, "unclosed left parenthesis");
        await Missing(range, "a scalar or an instant vector is needed");
        await Missing(nan, "the value is NaN");
        var instances = new List<InstanceReading>();
        collector.Collector.ReadInstances("/any", vector, DateTimeOffset.UtcNow, instances);
        Assert.Empty(instances);
    }
}
