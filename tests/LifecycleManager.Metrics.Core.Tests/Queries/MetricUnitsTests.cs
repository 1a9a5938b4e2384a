using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Core.Tests.Queries;

public sealed class MetricUnitsTests
{
    [Theory]
    [InlineData(MetricSource.Container, "cpu", MetricUnit.Share)]
    [InlineData(MetricSource.Container, "cpu.seconds", MetricUnit.Seconds)]
    [InlineData(MetricSource.Container, "mem.bytes", MetricUnit.Bytes)]
    [InlineData(MetricSource.Actuator, "system.cpu.usage", MetricUnit.Share)]
    [InlineData(MetricSource.Actuator, "http.server.requests{statistic=\"MAX\"}", MetricUnit.Seconds)]
    [InlineData(MetricSource.Actuator, "http.server.requests{statistic=\"COUNT\"}", MetricUnit.None)]
    [InlineData(MetricSource.Actuator, "gauge.response.root", MetricUnit.Milliseconds)]
    [InlineData(MetricSource.Actuator, "jvm.memory.max", MetricUnit.Bytes)]
    [InlineData(MetricSource.Actuator, "orders.pending", MetricUnit.None)]
    [InlineData(MetricSource.Prometheus, "http_server_requests_seconds_sum", MetricUnit.Seconds)]
    [InlineData(MetricSource.Prometheus, "http_server_requests_seconds_count", MetricUnit.None)]
    [InlineData(MetricSource.Prometheus, "node_network_receive_bytes_total", MetricUnit.Bytes)]
    [InlineData(MetricSource.Prometheus, "latency_ms{path=\"/\"}", MetricUnit.Milliseconds)]
    [InlineData(MetricSource.Prometheus, "cache_hit_ratio", MetricUnit.Share)]
    [InlineData(MetricSource.Histogram, "order_size_bytes", MetricUnit.Bytes)]
    [InlineData(MetricSource.PromQl, "process_cpu_seconds_total", MetricUnit.None)]
    public void A_name_tells_the_unit(MetricSource source, string selector, MetricUnit unit) =>
        Assert.Equal(unit, MetricUnits.Of(new MetricQuery { Source = source, Selector = selector }));

    [Fact]
    public void What_is_per_second_has_another_unit() => Assert.Equal(MetricUnit.None, MetricUnits.Of(new MetricQuery
    {
        Source = MetricSource.Prometheus,
        Selector = "process_cpu_seconds_total",
        Function = WindowFunction.Rate,
    }));

    [Theory]
    [InlineData(0.421, MetricUnit.Share, "42.1%")]
    [InlineData(0.5, MetricUnit.Seconds, "0.5 s")]
    [InlineData(242_221_056, MetricUnit.Bytes, "242 MB")]
    [InlineData(2.5e9, MetricUnit.Bytes, "2.5 GB")]
    [InlineData(12.34567, MetricUnit.None, "12.346")]
    public void Values_are_shown_with_it(double value, MetricUnit unit, string text) =>
        Assert.Equal(text, MetricUnits.Format(value, unit));
}
