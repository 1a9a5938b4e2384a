using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Overriding;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Scaling.Safety;

namespace LifecycleManager.Manager.Tests.Overriding;

/// <summary>A count that a person orders, over what the policy wants, until its end.</summary>
public sealed class OverrideTests
{
    private const string App = "/brownfield/search";
    private const string Tpm = "gauge.servo.tpm";

    [Fact]
    public async Task An_override_gives_the_count_beyond_bounds_and_limits_and_the_policy_takes_over_at_its_end()
    {
        await using var term = await StartAsync(TermUnderTest.Search.Replace("scaleOut: { stabilization: 0s, limit: [] }",
            "scaleOut: { stabilization: 0s, limit: [ 1 per 10m ], cooldown: 10m }"));
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[App].Instances);

        await OverrideAsync(term, 14, "2h");
        await term.TickAsync();

        Assert.Equal(14, term.Marathon[App].Instances);
        var record = term.Records()[0];
        Assert.Equal((3, 14, DecisionOutcome.Applied, null), (record.From, record.To, record.Outcome, record.Rule));
        Assert.StartsWith(
            "overridden by ops at 2026-11-24 19:00:05Z: 14 until 2026-11-24 21:00:05Z: a sale (outside of the policy's 1 to 10); "
            + "the policy would set 3: ",
            record.Reason, StringComparison.Ordinal);
        Assert.Equal(14, term.State.Snapshot.Apps[App].Evaluation.To);

        // It holds, whatever the metrics say; one record says so.
        foreach (var tpm in (double?[])[1, 1_000, null, 24])
        {
            term.Metrics[App, Tpm] = tpm;
            await term.TickAsync();
        }

        Assert.Equal(14, term.Marathon[App].Instances);
        Assert.Contains("overridden by ops", (await term.Term.ExplainAsync(App))!.Decision.Reason, StringComparison.Ordinal);

        term.Metrics[App, Tpm] = 1;
        await term.TickAsync(7_200);
        Assert.Equal(10, term.Marathon[App].Instances);
        await term.TickAsync();
        Assert.Equal(9, term.Marathon[App].Instances);
        Assert.Empty(term.Term.Overrides.Current);
    }

    [Fact]
    public async Task An_override_survives_a_kill_and_its_end_comes_also_while_nobody_leads()
    {
        await using var term = await StartAsync();
        await OverrideAsync(term, 7, "1h");
        await term.KillManagerAsync();
        await term.StartManagerAsync();
        await term.TickAsync();
        Assert.Equal(7, term.Marathon[App].Instances);

        await term.KillManagerAsync();
        term.Time.Advance(TimeSpan.FromHours(1));
        await term.StartManagerAsync();
        Assert.Empty(term.Term.Overrides.Current);
        term.Metrics[App, Tpm] = 1;
        await term.TickAsync();
        Assert.Equal(5, term.Marathon[App].Instances);
    }

    [Theory]
    [InlineData("its time is over")]
    [InlineData("it is lifted")]
    [InlineData("its time is over while nobody leads")]
    [InlineData("another override takes its place")]
    public async Task An_override_of_0_suspends_the_app_until_its_end(string how)
    {
        await using var term = await StartAsync();
        await OverrideAsync(term, 0, "1h");
        await term.TickAsync();
        Assert.Equal(0, term.Marathon[App].Instances);
        term.Metrics[App, Tpm] = 7;
        for (var i = 0; i < 3; i++) await term.TickAsync();
        Assert.Equal(0, term.Marathon[App].Instances);

        switch (how)
        {
            case "it is lifted":
                Assert.True(await term.Term.Overrides.LiftAsync(App, term.Fence, default));
                Assert.False(await term.Term.Overrides.LiftAsync(App, term.Fence, default));
                break;
            case "another override takes its place":
                await OverrideAsync(term, 1, "1h");
                break;
            case "its time is over":
                term.Time.Advance(TimeSpan.FromHours(1));
                break;
            default:
                await term.KillManagerAsync();
                term.Time.Advance(TimeSpan.FromHours(1));
                await term.StartManagerAsync();
                break;
        }

        await term.TickAsync();
        Assert.Equal(1, term.Marathon[App].Instances);

        // From then on a 0 is somebody else's again.
        await term.TickAsync();
        if (how == "another override takes its place") await term.Term.Overrides.LiftAsync(App, term.Fence, default);
        await term.TickAsync();
        term.Marathon[App].Instances = 0;
        for (var i = 0; i < 3; i++) await term.TickAsync();
        Assert.Equal(0, term.Marathon[App].Instances);
    }

    [Theory]
    [InlineData("min: 1, max: 10")]
    [InlineData("min: 0, max: 10")]
    public async Task An_app_that_a_person_has_suspended_stays_at_0_whatever_policy_and_override_say(string bounds)
    {
        await using var term = await StartAsync(TermUnderTest.Search.Replace("min: 1, max: 10", bounds));
        (term.Marathon[App].Instances, term.Marathon[App].Suspended) = (0, true);
        await term.TickAsync();
        await OverrideAsync(term, 4, "1h");
        await term.TickAsync();

        Assert.Empty(term.Marathon.Puts);
        var record = term.Records()[0];
        Assert.Equal((DecisionOutcome.Held, 0), (record.Outcome, record.To));
        Assert.Equal(["override", "suspended"], record.Adjustments.Select(step => step.By));
        Assert.Contains("somebody has ordered 0 instances, and an order of more at the target ends that", record.Reason,
            StringComparison.Ordinal);

        // The order of more.
        (term.Marathon[App].Instances, term.Marathon[App].Suspended) = (2, false);
        await term.TickAsync();
        Assert.Equal(4, term.Marathon[App].Instances);
    }

    [Fact]
    public async Task A_person_who_orders_0_during_an_override_of_0_has_the_app_suspended_beyond_its_end()
    {
        await using var term = await StartAsync();
        await OverrideAsync(term, 0, "1h");
        await term.TickAsync();
        term.Marathon[App].Suspended = true;
        await term.TickAsync(3_600);
        await term.TickAsync();
        Assert.Equal(0, term.Marathon[App].Instances);
    }

    [Fact]
    public async Task Limits_over_all_apps_let_an_override_through_and_a_pause_does_not()
    {
        await using var term = await TermUnderTest.StartAsync(
            configure: options => options with { Safety = new SafetyOptions { MaxStep = 1 } });
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 15;
        await OverrideAsync(term, 8, "1h");
        await term.Pauses.PauseAsync(App, Pause.ScaleOut, "frozen", null, term.Fence, default);
        await term.TickAsync();
        Assert.Equal(2, term.Marathon[App].Instances);

        await term.Pauses.ResumeAsync(App, Pause.All, term.Fence, default);
        await term.TickAsync();
        Assert.Equal(8, term.Marathon[App].Instances);
    }

    [Fact]
    public async Task A_policy_that_only_watches_carries_out_no_override()
    {
        await using var term = await StartAsync(TermUnderTest.Search + "\ndryRun: true\n");
        await OverrideAsync(term, 8, "1h");
        await term.TickAsync();
        Assert.Empty(term.Marathon.Puts);
        Assert.Equal(DecisionOutcome.DryRun, term.Records()[0].Outcome);
    }

    private static async Task<TermUnderTest> StartAsync(string policies = TermUnderTest.Search)
    {
        var term = await TermUnderTest.StartAsync(policies);
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        return term;
    }

    private static Task OverrideAsync(TermUnderTest term, int instances, string time)
    {
        Assert.True(LifecycleManager.Primitives.Timing.DurationText.TryParse(time, out var duration));
        var now = term.Time.GetUtcNow();
        return term.Term.Overrides.SetAsync(
            new OverrideEntry
            {
                App = App,
                Instances = instances,
                Since = now,
                Until = now + duration,
                By = "ops",
                Reason = "a sale",
            },
            term.Fence, default);
    }
}
