using LifecycleManager.Decisions.Engine;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Scaling.Safety;

namespace LifecycleManager.Manager.Tests.Evaluation;

public sealed class SafetyTests
{
    private const string Tpm = "gauge.servo.tpm";

    [Fact]
    public async Task Over_the_limit_growth_goes_first_and_the_rest_is_postponed_and_comes_later()
    {
        await using var term = await TermUnderTest.StartAsync(
            TermUnderTest.Search.Replace("/brownfield/search", "/brownfield/*"),
            options => options with { Safety = new SafetyOptions { ChangesPerMinute = 2 } });
        foreach (var app in new[] { "/brownfield/in-1", "/brownfield/in-2", "/brownfield/out-1", "/brownfield/out-2" })
        {
            term.Marathon.Add(app, 2);
            term.Metrics[app, Tpm] = app.Contains("out", StringComparison.Ordinal) ? 25 : 2;
        }

        await term.TickAsync();
        await term.TickAsync();

        Assert.Equal(["/brownfield/out-1", "/brownfield/out-2"], term.Marathon.Puts.Select(put => put.App).Order());
        var postponed = term.Records().Where(record => record.Kind == DecisionKind.ScaleIn).ToList();
        Assert.Equal(2, postponed.Count);
        Assert.All(postponed, record => Assert.Equal(DecisionOutcome.Postponed, record.Outcome));
        Assert.All(postponed, record => Assert.Equal("the limit of changes within a minute is reached: 2", record.OutcomeReason));

        await term.TickAsync(61);
        Assert.All(term.Records().Where(record => record.Kind == DecisionKind.ScaleIn),
            record => Assert.Equal(DecisionOutcome.Applied, record.Outcome));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Apps_with_nothing_to_tell_stop_no_other_from_shrinking_but_silent_sources_do(bool silent)
    {
        string[] burst = ["/brownfield/a", "/brownfield/b", "/brownfield/c"];
        await using var term =
            await TermUnderTest.StartAsync(TermUnderTest.Search.Replace("/brownfield/search", "/brownfield/*"));
        foreach (var app in (string[])[.. burst, "/brownfield/d"])
        {
            term.Marathon.Add(app, 4);
            term.Metrics[app, Tpm] = 30;
        }

        await term.TickAsync();
        foreach (var app in burst)
        {
            term.Metrics[app, Tpm] = null;
            if (silent) term.Metrics.Silent.Add(app);
        }

        term.Metrics["/brownfield/d", Tpm] = 1;
        await term.TickAsync();

        Assert.Equal(silent ? 4 : 3, term.Marathon["/brownfield/d"].Instances);
        Assert.Equal(
            silent ? "scale-in is stopped everywhere since 3 of 4 apps have sources of metrics that do not answer at once" : null,
            term.State.Snapshot.ScaleInStopped);
    }

    [Fact]
    public async Task When_too_much_is_missing_nothing_shrinks_and_it_is_said_everywhere()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add("/other", 10);
        term.Marathon.Add("/brownfield/search", 4);
        term.Metrics["/brownfield/search", Tpm] = 30;
        await term.TickAsync();

        term.Marathon["/other"].Running = 2;
        term.Metrics["/brownfield/search", Tpm] = 1;
        await term.TickAsync();

        Assert.Empty(term.Marathon.Puts);
        Assert.Contains("8 of 14 instances that ran are missing at once", term.Records()[0].Reason);
        Assert.NotNull(term.State.Snapshot.ScaleInStopped);
        Assert.Contains("lcm_manager_scale_in_stopped 1", await term.MetricsTextAsync());

        term.Marathon["/other"].Running = 10;
        await term.TickAsync(61);
        Assert.Equal(3, term.Marathon["/brownfield/search"].Instances);
    }
}
