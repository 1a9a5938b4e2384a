using System.Text.Json.Nodes;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Overriding;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Stopping;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Tests.Stopping;

/// <summary>While people have stopped all changes nothing is begun at the target, by whichever manager leads.</summary>
public sealed class StopSwitchTests
{
    private const string App = "/brownfield/search";
    private const string Tpm = "gauge.servo.tpm";
    private const string Stopped = "stopped by alice at 2026-11-24 19:00:00Z: an incident";

    [Theory]
    [InlineData(24, "nobody")]
    [InlineData(24, "kill")]
    [InlineData(24, "hand over")]
    [InlineData(1, "nobody")]
    [InlineData(1, "kill")]
    public async Task What_a_policy_wants_is_decided_and_held_until_the_start(double tpm, string ends)
    {
        await using var term = await StoppedAsync();
        term.Metrics[App, Tpm] = tpm;
        if (ends == "kill") await term.KillManagerAsync();
        if (ends == "kill") await term.StartManagerAsync();
        if (ends == "hand over") await term.HandOverAsync();
        for (var i = 0; i < 3; i++) await term.TickAsync();

        Assert.Empty(term.Marathon.Puts);
        var hold = Assert.Single(term.Records());
        Assert.Equal((DecisionOutcome.Held, "stop"), (hold.Outcome, hold.Adjustments[^1].By));
        Assert.EndsWith("; held: " + Stopped, hold.Reason, StringComparison.Ordinal);
        var shown = term.State.Snapshot.Apps[App].Evaluation;
        Assert.Equal((2, hold.Reason), (shown.To, shown.Reason));
        Assert.Equal(hold.Reason, (await term.Term.ExplainAsync(App))!.Decision.Reason);
        Assert.Contains("lcm_manager_stopped 1\n", await term.ScrapeAsync());

        await term.Term.Stop.StartAsync(term.Fence, default);
        await term.TickAsync();
        Assert.Equal(tpm > 10 ? 3 : 1, term.Marathon[App].Instances);
        Assert.Contains("lcm_manager_stopped 0\n", await term.ScrapeAsync());
    }

    [Fact]
    public async Task An_override_waits_for_the_start()
    {
        await using var term = await StoppedAsync();
        var now = term.Time.GetUtcNow();
        await term.Term.Overrides.SetAsync(
            new OverrideEntry { App = App, Instances = 8, Since = now, Until = now.AddHours(1) }, term.Fence, default);
        await term.TickAsync();
        Assert.Empty(term.Marathon.Puts);
        Assert.EndsWith(Stopped, term.State.Snapshot.Apps[App].Evaluation.Reason, StringComparison.Ordinal);

        await term.Term.Stop.StartAsync(term.Fence, default);
        await term.TickAsync();
        Assert.Equal(8, term.Marathon[App].Instances);
    }

    [Fact]
    public async Task A_scheduled_rule_waits_for_the_start()
    {
        await using var term = await StoppedAsync("""
            policy: search
            app: /brownfield/search
            instances: { min: 1, max: 10 }
            rules:
              - rule: evening
                schedule: { cron: '0 30 19 * * ?', zone: UTC, until: '0 0 23 * * ?' }
                then: { min: 6 }
            scaleOut: { stabilization: 0s, limit: [] }
            """);
        await term.TickAsync(31 * 60);
        Assert.Empty(term.Marathon.Puts);
        Assert.EndsWith(Stopped, term.State.Snapshot.Apps[App].Evaluation.Reason, StringComparison.Ordinal);

        await term.Term.Stop.StartAsync(term.Fence, default);
        await term.TickAsync();
        Assert.Equal(6, term.Marathon[App].Instances);
    }

    [Fact]
    public async Task What_waits_for_its_place_is_not_begun_and_what_is_on_its_way_ends()
    {
        await using var term = await TermUnderTest.StartAsync(
            TermUnderTest.Search.Replace(App, "/*"), options => options with { Parallelism = 1 });
        var apps = new[] { "/a", "/b" };
        foreach (var app in apps)
        {
            term.Marathon.Add(app, 2);
            term.Metrics[app, Tpm] = 24;
        }

        var (called, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        term.Marathon.Fault = async http =>
        {
            if (http.Request.Method == "PUT")
            {
                called.TrySetResult();
                await goOn.Task;
            }

            return false;
        };
        await term.TickOnlyAsync();
        await called.Task;
        await StopAsync(term);
        goOn.SetResult();
        await term.SettledAsync();

        Assert.Equal([2, 3], apps.Select(app => term.Marathon[app].Instances).Order());
        var waited = term.Records().Single(record => record.App == apps.Single(app => term.Marathon[app].Instances == 2));
        Assert.Equal(DecisionOutcome.Postponed, waited.Outcome);
        Assert.EndsWith(": an incident", waited.OutcomeReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_that_failed_is_not_tried_again()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        term.Marathon.Fault = FakeMarathon.OnPut(http => FakeMarathon.Json(http, 503, new JsonObject()));
        await term.TickAsync();
        Assert.Equal(DecisionOutcome.Failed, term.Records()[0].Outcome);

        await StopAsync(term);
        term.Marathon.Fault = null;
        for (var i = 0; i < 3; i++) await term.TickAsync(600);
        Assert.Empty(term.Marathon.Puts);
        await term.Term.Stop.StartAsync(term.Fence, default);
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[App].Instances);
    }

    [Fact]
    public async Task A_count_is_given_back_after_the_start()
    {
        await using var term = await StoppedAsync();
        term.Marathon[App].Owner = "policy search";
        term.Policies = TermUnderTest.Parse("policy: other\napp: /other\ninstances: { min: 0, max: 9 }\nrules: []\n");
        for (var i = 0; i < 3; i++) await term.TickAsync();
        Assert.Empty(term.Marathon.Puts);
        Assert.Equal(["policy search"], term.Term.UnknownOwners);

        await term.Term.Stop.StartAsync(term.Fence, default);
        await Eventually.TrueAsync(async () =>
        {
            await term.TickAsync();
            return term.Marathon[App].Owner is null;
        });
    }

    [Fact]
    public async Task It_works_while_the_target_is_away()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        term.Metrics[App, Tpm] = 24;
        term.Marathon.Fault = async http =>
        {
            await FakeMarathon.Json(http, 503, new JsonObject());
            return true;
        };
        await term.TickAsync();
        await StopAsync(term);
        await term.TickAsync();
        Assert.Contains("lcm_manager_stopped 1\n", await term.ScrapeAsync());

        term.Marathon.Fault = null;
        for (var i = 0; i < 3; i++) await term.TickAsync();
        Assert.Empty(term.Marathon.Puts);
    }

    [Fact]
    public async Task A_stop_or_start_that_is_not_stored_is_not_in_force()
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Store.Failure = new StateUnavailableException("the disk is full");
        await Assert.ThrowsAsync<StateUnavailableException>(() => StopAsync(term));
        Assert.Null(term.Term.Stop.Current);

        term.Store.Failure = null;
        await StopAsync(term);
        term.Store.Failure = new StateUnavailableException("the disk is full");
        await Assert.ThrowsAsync<StateUnavailableException>(() => term.Term.Stop.StartAsync(term.Fence, default));
        Assert.NotNull(term.Term.Stop.Current);
        term.Store.Failure = null;
    }

    [Fact]
    public async Task A_second_stop_leaves_the_first_as_it_is_and_one_start_ends_both()
    {
        await using var term = await StoppedAsync();
        var second = await term.Term.Stop.StopAsync("another", "bob", term.Fence, default);
        Assert.Equal(Stopped, second.ToString());
        Assert.Equal(Stopped, (await term.Term.Stop.StartAsync(term.Fence, default))?.ToString());
        Assert.Null(await term.Term.Stop.StartAsync(term.Fence, default));
        Assert.Null(await StopSwitch.ReadAsync(term.Store, term.Time, default));
    }

    [Fact]
    public async Task A_pause_beside_it_does_not_hide_it_and_outlives_it()
    {
        await using var term = await StoppedAsync();
        await term.Pauses.PauseAsync(App, Pause.ScaleOut, "frozen", null, term.Fence, default);
        term.Metrics[App, Tpm] = 24;
        await term.TickAsync();
        Assert.Equal(["stop"], term.Records()[0].Adjustments.Select(step => step.By));
        await term.Term.Stop.StartAsync(term.Fence, default);
        await term.TickAsync();
        Assert.Empty(term.Marathon.Puts);
        Assert.Equal(["pause"], term.Records()[0].Adjustments.Select(step => step.By));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[null]")]
    [InlineData("""[{"by":"alice"}]""")]
    public async Task A_record_that_cannot_be_read_is_a_stop_until_a_start(string record)
    {
        await using var term = await TermUnderTest.StartAsync();
        term.Marathon.Add(App, 2);
        await term.Store.WriteAsync([new StateWrite("manager/stop", System.Text.Encoding.UTF8.GetBytes(record))], term.Fence);
        Assert.NotNull(await StopSwitch.ReadAsync(term.Store, term.Time, default));
        await term.HandOverAsync();
        term.Metrics[App, Tpm] = 24;
        await term.TickAsync();
        Assert.Empty(term.Marathon.Puts);
        Assert.Contains("cannot be read", term.Records()[0].Reason, StringComparison.Ordinal);

        await term.Term.Stop.StartAsync(term.Fence, default);
        await term.HandOverAsync();
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[App].Instances);
    }

    [Fact]
    public async Task A_policy_that_only_watches_tells_what_it_would_do_as_before()
    {
        await using var term = await StoppedAsync(TermUnderTest.Search + "\ndryRun: true\n");
        term.Metrics[App, Tpm] = 24;
        await term.TickAsync();
        Assert.Equal((DecisionOutcome.DryRun, 3), (term.Records()[0].Outcome, term.Records()[0].To));
    }

    private static async Task<TermUnderTest> StoppedAsync(string policies = TermUnderTest.Search)
    {
        var term = await TermUnderTest.StartAsync(policies);
        term.Marathon.Add(App, 2);
        await StopAsync(term);
        return term;
    }

    private static Task<StopEntry> StopAsync(TermUnderTest term) =>
        term.Term.Stop.StopAsync("an incident", "alice", term.Fence, default);
}
