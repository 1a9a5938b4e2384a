using System.Text.Json;
using LifecycleManager.Decisions.Recommending;

namespace LifecycleManager.Decisions.Tests.Recommending;

public sealed class AppUsageTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Of_each_day_of_an_instance_the_highest_memory_is_one_sample()
    {
        var usage = new AppUsage("/app");
        foreach (var (minute, megabytes) in new[] { (0, 100), (10, 900), (20, 100), (1_430, 100) })
            usage.AddMemory("a", megabytes * 1e6, Noon.AddMinutes(minute));

        Assert.Single(usage.Memory.Export().Buckets);
        Assert.InRange(usage.Memory.Percentile(0.5), 900e6, 950e6);

        usage.AddMemory("a", 50e6, Noon.AddDays(1));
        usage.AddMemory("b", 50e6, Noon.AddDays(1));
        Assert.Equal(2, usage.Memory.Export().Buckets.Count);
        Assert.InRange(usage.Memory.Percentile(0.5), 50e6, 56e6);
    }

    [Theory]
    [InlineData(100, 0, 200)]
    [InlineData(1_000, 0, 1_200)]
    [InlineData(1_000, 2_000, 2_400)]
    public void After_an_end_for_want_of_memory_it_needs_a_fifth_and_100_MiB_more_than_it_had(int limit, int seen, int needed)
    {
        const double mebibyte = 1024 * 1024;
        var usage = new AppUsage("/app");
        if (seen > 0) usage.AddMemory("a", seen * mebibyte, Noon);
        Assert.True(usage.AddMemoryEnd("a", limit * mebibyte, Noon.AddMinutes(4), Noon.AddMinutes(5)));
        Assert.False(usage.AddMemoryEnd("a", limit * mebibyte, Noon.AddMinutes(4), Noon.AddMinutes(10)));
        var expected = new AppUsage("/app");
        expected.AddMemory("a", needed * mebibyte, Noon.AddMinutes(5));
        Assert.Equal(expected.Memory.Percentile(1), usage.Memory.Percentile(1));
        Assert.Single(usage.Memory.Export().Buckets);
    }

    [Fact]
    public void A_measurement_that_comes_late_changes_nothing()
    {
        var usage = new AppUsage("/app");
        usage.AddMemory("a", 100e6, Noon);
        usage.AddMemory("a", 900e6, Noon.AddMinutes(-1));
        Assert.InRange(usage.Memory.Percentile(1), 100e6, 111e6);
    }

    [Fact]
    public void Of_very_many_instances_some_are_followed_and_those_of_today_take_the_place_of_yesterdays()
    {
        var usage = new AppUsage("/app");
        for (var i = 0; i < AppUsage.MaxInstances; i++) usage.AddMemory($"old-{i}", 100e6, Noon);
        usage.AddMemory("one more", 900e6, Noon);
        Assert.Equal(AppUsage.MaxInstances, usage.Export().Peaks.Count);
        Assert.InRange(usage.Memory.Percentile(1), 100e6, 111e6);

        usage.AddMemory("today's", 900e6, Noon.AddDays(1));
        Assert.Equal("today's", Assert.Single(usage.Export().Peaks).Instance);
    }

    [Fact]
    public void Confidence_is_the_days_that_have_samples_each_minute()
    {
        var usage = new AppUsage("/app");
        Assert.Equal(0, usage.Confidence);
        for (var minute = 0; minute <= 720; minute++) usage.AddCpu(0.5, Noon.AddMinutes(minute));
        Assert.Equal(0.5, usage.Confidence);
        usage.AddCpu(0.5, Noon.AddDays(30));
        Assert.Equal(722 / 1440.0, usage.Confidence);
    }

    [Fact]
    public void What_was_stored_goes_on_as_if_nothing_had_happened()
    {
        var usage = Measured();
        var again = AppUsage.Of(JsonSerializer.Deserialize<StoredUsage>(JsonSerializer.Serialize(usage.Export()))!);
        Assert.Equal(JsonSerializer.Serialize(usage.Export()), JsonSerializer.Serialize(again.Export()));
        foreach (var one in new[] { usage, again })
        {
            one.AddMemory("a", 2e9, Noon.AddHours(30));
            one.AddCpu(3, Noon.AddHours(30));
        }

        Assert.Equal(new Recommender().Recommend(usage), new Recommender().Recommend(again));
    }

    [Fact]
    public void A_clock_that_was_set_back_costs_nothing()
    {
        var (usage, expected) = (Measured(), new Recommender().Recommend(Measured()));
        usage.Age(TimeSpan.FromDays(400));
        Assert.Equal(expected, new Recommender().Recommend(usage));
        Assert.Equal(Noon.AddHours(25).AddDays(-400), usage.Last);

        // From then on samples count as they would have.
        for (var minute = 0; minute < 3 * 1440; minute++) usage.AddCpu(4, usage.Last!.Value.AddMinutes(1));
        Assert.InRange(usage.Cpu.Percentile(0.5), 4, 4.3);
    }

    [Fact]
    public void What_cannot_be_an_apps_usage_is_refused()
    {
        var good = Measured().Export();
        Assert.True(good.IsSound);
        StoredUsage[] bad =
        [
            good with { App = "" }, good with { Samples = -1 }, good with { First = null },
            good with { First = good.Last?.AddDays(1) },
            good with { Cpu = null! }, good with { Peaks = null! },
            good with { Cpu = good.Cpu with { Reference = -1 } },
            good with { Cpu = good.Cpu with { Buckets = [5, 4], Weights = [1, 1] } },
            good with { Cpu = good.Cpu with { Buckets = [176], Weights = [1] } },
            good with { Memory = good.Memory with { Weights = [double.NaN], Buckets = [1] } },
            good with { Memory = good.Memory with { Weights = [], Buckets = [1] } },
            good with { Peaks = [new StoredPeak("a", Noon, double.PositiveInfinity)] },
        ];
        Assert.All(bad, one => Assert.False(one.IsSound));
        Assert.All(bad, one => Assert.Throws<ArgumentException>(() => AppUsage.Of(one)));
    }

    private static AppUsage Measured()
    {
        var usage = new AppUsage("/app");
        for (var minute = 0; minute <= 25 * 60; minute++)
        {
            usage.AddCpu(minute % 10 == 0 ? 1.5 : 0.3, Noon.AddMinutes(minute));
            usage.AddMemory("a", (200 + (minute % 100)) * 1e6, Noon.AddMinutes(minute));
        }

        return usage;
    }
}
