using LifecycleManager.Decisions.Recommending;

namespace LifecycleManager.Decisions.Tests.Recommending;

public sealed class SizeAdviceTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void What_is_asked_and_not_used_is_named_with_what_would_do()
    {
        var advice = SizeAdvice.Of(Usage(0.3, 300e6, days: 4), cpus: 2, memory: 2048, instances: 3, new Recommender());

        Assert.Equal(
            "asks 2 cpus, uses 0.31 at its 90th percentile: 0.35 would do; "
            + "asks 2048 MB, its peaks are 291 at their 90th percentile: 335 would do; "
            + "4.95 cpus and 5139 MB are asked and not used",
            advice.Text);
        Assert.Equal((SizeVerdict.TooMuch, SizeVerdict.TooMuch), (advice.Cpus.Verdict, advice.Memory.Verdict));
        Assert.Equal((1.65, 1713), (advice.Cpus.Unused, advice.Memory.Unused));
        Assert.True(advice.IsToBeChanged);
    }

    [Fact]
    public void What_is_too_little_is_named_and_no_waste()
    {
        var advice = SizeAdvice.Of(Usage(0.3, 300e6, days: 4), cpus: 0.1, memory: 128, instances: 3, new Recommender());

        Assert.Equal(
            "asks 0.1 cpus, uses 0.31 at its 90th percentile: 0.35 is right; "
            + "asks 128 MB, its peaks are 291 at their 90th percentile: 335 is right",
            advice.Text);
        Assert.Equal((0, 0), (advice.Cpus.Unused, advice.Memory.Unused));
    }

    [Fact]
    public void What_is_within_the_bounds_is_right()
    {
        var advice = SizeAdvice.Of(Usage(0.3, 300e6, days: 4), cpus: 0.4, memory: 360, instances: 3, new Recommender());

        Assert.Equal("its size is right", advice.Text);
        Assert.False(advice.IsToBeChanged);
    }

    [Fact]
    public void Young_evidence_is_no_advice()
    {
        var advice = SizeAdvice.Of(Usage(0.3, 300e6, days: 0.5), cpus: 2, memory: 2048, instances: 3, new Recommender());

        Assert.Equal("too young: the samples are worth 12 hours at one a minute, and a day is needed", advice.Text);
        Assert.Equal(new ResourceAdvice(SizeVerdict.Unknown, 2), advice.Cpus);
        Assert.False(advice.IsToBeChanged);
    }

    [Fact]
    public void What_was_not_measured_is_not_known()
    {
        var recommender = new Recommender();
        Assert.Equal("nothing was measured of it yet", SizeAdvice.Of(null, 2, 2048, 3, recommender).Text);
        var memoryless = SizeAdvice.Of(Usage(0.3, null, days: 4), 2, 2048, 3, recommender);
        Assert.Equal(SizeVerdict.Unknown, memoryless.Memory.Verdict);
        Assert.EndsWith(
            "4.95 cpus are asked and not used; its memory is not measured", memoryless.Text, StringComparison.Ordinal);
        Assert.Equal("what it asks for is not known", SizeAdvice.Of(Usage(0.3, 300e6, days: 4), null, null, 3, recommender).Text);
    }

    [Fact]
    public void Nothing_less_than_the_least_is_advised()
    {
        var advice = SizeAdvice.Of(Usage(0, 1e6, days: 4), cpus: 1, memory: 512, instances: 1, new Recommender());

        // The first bucket of cpus ends at 10 millicores, with the margin 11.
        Assert.Equal((0.02, 32), (advice.Cpus.Target, advice.Memory.Target));
    }

    private static AppUsage Usage(double cpus, double? memory, double days)
    {
        var usage = new AppUsage("/app");
        for (var minute = 0; minute <= days * 1440; minute++)
        {
            usage.AddCpu(cpus, Noon.AddMinutes(minute));
            if (memory is { } bytes) usage.AddMemory("a", bytes, Noon.AddMinutes(minute));
        }

        return usage;
    }
}
