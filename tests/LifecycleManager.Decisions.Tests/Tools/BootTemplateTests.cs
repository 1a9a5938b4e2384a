using System.Text.Json;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Tests.Fakes;

namespace LifecycleManager.Decisions.Tests.Tools;

/// <summary>
/// The templates that read services, unedited, on what real ones of Boot 1.5, 2.7, 3.5 and 4.0 answered under a known load.
/// </summary>
public sealed class BootTemplateTests
{
    private static readonly string[] OfRequests = ["requests", "threshold", "forecast"];
    private static readonly string[] Boots = ["2.7", "3.5", "4.0"];

    public static MatrixTheoryData<string, string> Requests => new(OfRequests, Boots);

    public static TheoryData<string> AllBoots => [.. Boots];

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Request_rates_are_those_of_callers_alone(string kind, string boot)
    {
        var calls = BootActuator.RequestsOf(boot).ToList();
        // The load between two answers: 50 calls of the root page, and the scrapes and health checks beside them.
        var before = calls.Select(meter => meter.Tags["uri"] == "/" ? Less(meter, 50)
            : meter.Tags["uri"].StartsWith("/actuator", StringComparison.Ordinal) ? Less(meter, 1) : meter);
        await using var actuator = await BootActuator.StartAsync([.. before]);
        using var target = new OneTarget(actuator.Port);
        var query = Metric(kind, "rps");
        var job = target.Job(query);
        Assert.True((await target.ScrapeAsync(job)).Up, job.Status.Error);
        actuator.Meters.Clear();
        actuator.Meters.AddRange(calls);
        Assert.True((await target.ScrapeAsync(job)).Up, job.Status.Error);
        // The scrapes are a second apart; what lies between them is all there is.
        Assert.Equal(50, target.Read(query with { Function = WindowFunction.Last, Window = default }).Value
            - First(target, query), 6);
        Assert.InRange(target.Read(query).Value, 50.0 / 60, 50);
    }

    [Theory]
    [InlineData("requests")]
    [InlineData("threshold")]
    [InlineData("forecast")]
    public async Task Boot_1_counts_the_same_callers(string kind)
    {
        var recording = SpringRecording.Of("1.5");
        var query = Metric(kind, "rps");
        using var target = new OneTarget((await recording.ServeAsync("A-metrics-s1")).Port);
        var job = target.Job(query);
        Assert.True((await target.ScrapeAsync(job)).Up, job.Status.Error);
        // One of the root page, three that were not found; the scrapes are left out.
        Assert.Equal(4, Last(target, query));
        await using var after = await recording.ServeAsync("A-metrics-s2");
        using var later = new OneTarget(after.Port);
        Assert.True((await later.ScrapeAsync(later.Job(query))).Up);
        // 51 of the root, 10 of /a,b, 5 of orders, 3 failed, 7 not found, one of /ctl/gc.
        Assert.Equal(77, Last(later, query));
    }

    [Theory]
    [MemberData(nameof(AllBoots))]
    public async Task Cpu_heap_and_latency_are_read_of_each_boot(string boot)
    {
        var recording = SpringRecording.Of(boot);
        var (cpu, used, most) = (Value(recording["A-process.cpu.usage"].Body!), Value(recording["A-jvm.memory.used-heap"].Body!),
            Value(recording["A-jvm.memory.max-heap"].Body!));
        await using var actuator = await BootActuator.StartAsync(
        [
            .. BootActuator.RequestsOf(boot), new("process.cpu.usage", [], [("VALUE", cpu)]),
            new("jvm.memory.used", new() { ["area"] = "heap" }, [("VALUE", used)]),
            new("jvm.memory.used", new() { ["area"] = "nonheap" }, [("VALUE", 1)]),
            new("jvm.memory.max", new() { ["area"] = "heap" }, [("VALUE", most)]),
        ]);
        Assert.Equal<double[]>([cpu, used, most, 0.5], await ReadAsync(actuator.Port));
        Assert.InRange(cpu, 0, 1);
        Assert.InRange(used, 1e6, most);
    }

    [Fact]
    public async Task Cpu_heap_and_latency_are_read_of_boot_1_in_the_same_units()
    {
        await using var server = await SpringRecording.Of("1.5").ServeAsync("A-metrics-s2");
        // 2.34 of two processors is all of them; kilobytes are bytes; the slowest of the last answers took 124 ms.
        Assert.Equal<double[]>([1, 20885 * 1024.0, 158400 * 1024.0, 0.124], await ReadAsync(server.Port));
    }

    [Fact]
    public async Task What_boot_1_does_not_know_is_missing_with_its_reason()
    {
        await using var server = await SpringRecording.Of("1.5").ServeAsync("A-metrics-s2");
        using var target = new OneTarget(server.Port);
        MetricQuery[] queries =
        [
            OneTarget.Actuator("http.server.requests{method='GET'}"), OneTarget.Actuator("http.server.requests{uri='/none'}"),
            OneTarget.Actuator("http.server.requests{statistic='TOTAL_TIME'}"), OneTarget.Actuator("jvm.memory.used{id='Eden'}"),
            OneTarget.Actuator("http.server.requests{status='200',statistic='MAX'}"),
        ];
        var job = target.Job(queries);
        Assert.True((await target.ScrapeAsync(job)).Up, job.Status.Error);
        Assert.All(queries, query => Assert.Contains(
            "is Spring Boot 1.x, whose metrics have no tags", target.Read(query).Missing, StringComparison.Ordinal));
    }

    /// <summary>Cpu, heap, its greatest size, and the slowest request, as the templates read them.</summary>
    private static async Task<double[]> ReadAsync(int port)
    {
        using var target = new OneTarget(port);
        MetricQuery[] queries =
            [Metric("process-cpu", "cpu"), Metric("heap", "used"), Metric("heap", "most"), Metric("latency", "slowest")];
        var job = target.Job(queries);
        Assert.True((await target.ScrapeAsync(job)).Up, job.Status.Error);
        return [.. queries.Select(query => target.Read(query).Value)];
    }

    private static MetricQuery Metric(string kind, string name)
    {
        var text = new StringWriter();
        Assert.Equal(0, PolicyInit.Run("/shop/web", kind, null, text, TextWriter.Null));
        return Assert.Single(PolicyParser.Parse("p.yml", text.ToString()).Policies)
            .Metrics.Single(metric => metric.Name == name).Query;
    }

    private static double Last(OneTarget target, MetricQuery query) =>
        target.Read(query with { Function = WindowFunction.Last, Window = default }).Value;

    private static double First(OneTarget target, MetricQuery query) =>
        target.Read(query with { Function = WindowFunction.Min, Window = TimeSpan.FromMinutes(1) }).Value;

    private static BootActuator.Meter Less(BootActuator.Meter meter, double count) =>
        meter with { Measurements = [("COUNT", meter.Measurements[0].Value - count), meter.Measurements[1]] };

    private static double Value(string body)
    {
        using var json = JsonDocument.Parse(body);
        return json.RootElement.GetProperty("measurements")[0].GetProperty("value").GetDouble();
    }
}
