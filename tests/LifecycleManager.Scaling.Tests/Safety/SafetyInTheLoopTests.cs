using LifecycleManager.Decisions.Engine;
using LifecycleManager.Scaling.Recording;
using LifecycleManager.Scaling.Safety;
using LifecycleManager.Scaling.Tests.Fakes;

namespace LifecycleManager.Scaling.Tests.Safety;

public sealed class SafetyInTheLoopTests
{
    private const string Tpm = "gauge.servo.tpm";

    [Fact]
    public async Task Over_the_limit_growth_goes_first_and_the_rest_is_postponed_and_comes_later()
    {
        await using var loop = await Loop.StartAsync(
            Loop.Search.Replace("/brownfield/search", "/brownfield/*"),
            options => options with { Safety = new SafetyOptions { ChangesPerMinute = 2 } });
        foreach (var app in new[] { "/brownfield/in-1", "/brownfield/in-2", "/brownfield/out-1", "/brownfield/out-2" })
        {
            loop.Marathon.Add(app, 2);
            loop.Metrics[app, Tpm] = app.Contains("out", StringComparison.Ordinal) ? 25 : 2;
        }

        await loop.TickAsync();
        await loop.TickAsync();

        Assert.Equal(["/brownfield/out-1", "/brownfield/out-2"], loop.Marathon.Puts.Select(put => put.App).Order());
        var postponed = loop.Records().Where(record => record.Kind == DecisionKind.ScaleIn).ToList();
        Assert.Equal(2, postponed.Count);
        Assert.All(postponed, record => Assert.Equal(DecisionOutcome.Postponed, record.Outcome));
        Assert.All(postponed, record => Assert.Equal("2 changes were set off within a minute", record.OutcomeReason));

        await loop.TickAsync(61);
        Assert.All(loop.Records().Where(record => record.Kind == DecisionKind.ScaleIn),
            record => Assert.Equal(DecisionOutcome.Applied, record.Outcome));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Apps_with_nothing_to_tell_stop_no_other_from_shrinking_but_silent_sources_do(bool silent)
    {
        string[] burst = ["/brownfield/a", "/brownfield/b", "/brownfield/c"];
        await using var loop = await Loop.StartAsync(Loop.Search.Replace("/brownfield/search", "/brownfield/*"));
        foreach (var app in (string[])[.. burst, "/brownfield/d"])
        {
            loop.Marathon.Add(app, 4);
            loop.Metrics[app, Tpm] = 30;
        }

        await loop.TickAsync();
        foreach (var app in burst)
        {
            loop.Metrics[app, Tpm] = null;
            if (silent) loop.Metrics.Silent.Add(app);
        }

        loop.Metrics["/brownfield/d", Tpm] = 1;
        await loop.TickAsync();

        Assert.Equal(silent ? 4 : 3, loop.Marathon["/brownfield/d"].Instances);
        Assert.Equal(
            silent ? "scale-in is stopped everywhere since 3 of 4 apps have sources of metrics that do not answer at once" : null,
            loop.State.Snapshot.ScaleInStopped);
    }

    [Fact]
    public async Task When_too_much_is_missing_nothing_shrinks_and_it_is_said_everywhere()
    {
        await using var loop = await Loop.StartAsync();
        loop.Marathon.Add("/other", 10);
        loop.Marathon.Add("/brownfield/search", 4);
        loop.Metrics["/brownfield/search", Tpm] = 30;
        await loop.TickAsync();

        loop.Marathon["/other"].Running = 2;
        loop.Metrics["/brownfield/search", Tpm] = 1;
        await loop.TickAsync();

        Assert.Empty(loop.Marathon.Puts);
        Assert.Contains("8 of 14 instances that ran are missing at once", loop.Records()[0].Reason);
        Assert.NotNull(loop.State.Snapshot.ScaleInStopped);
        Assert.Contains("lcm_manager_scale_in_stopped 1", await loop.MetricsTextAsync());

        loop.Marathon["/other"].Running = 10;
        await loop.TickAsync(61);
        Assert.Equal(3, loop.Marathon["/brownfield/search"].Instances);
    }
}
