using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Schedules;
using LifecycleManager.Manager.Overriding;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Scheduling;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Scaling.Safety;
using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Tests.Scheduling;

/// <summary>What schedules do to counts, on record before it is done, with and without a policy.</summary>
public sealed class ScheduleOwnerTests
{
    private const string Batch = "/batch";
    private const string Search = "/brownfield/search";
    private const string Tpm = "gauge.servo.tpm";

    [Fact]
    public async Task A_window_gives_an_app_without_a_policy_its_count_until_its_end_and_then_the_one_from_before()
    {
        await using var term = await StartAsync();
        await term.UseJobsAsync(Jobs.Set("nightly", Batch, 20, At(term, 60), Jobs.For(30)));
        await term.TickAsync(55);
        Assert.Equal(3, term.Marathon[Batch].Instances);

        await term.TickAsync();
        Assert.Equal((20, "policy schedule nightly"), (term.Marathon[Batch].Instances, term.Marathon[Batch].Owner));
        var record = Assert.Single(term.Records(Batch));
        Assert.Equal((3, 20, DecisionOutcome.Applied, "schedule nightly", "schedule nightly"),
            (record.From, record.To, record.Outcome, record.Rule, record.Policy));
        Assert.Equal("schedule nightly: 20 until 2026-11-24 19:31:05Z", record.Reason);

        // It stands, whatever others set; a tick that finds it so says nothing.
        await term.TickAsync();
        term.Marathon[Batch].Instances = 7;
        await term.TickAsync();
        Assert.Equal(20, term.Marathon[Batch].Instances);
        for (var i = 0; i < 3; i++) await term.TickAsync();
        Assert.Equal(2, term.Records(Batch).Count);

        await term.TickAsync(1_800);
        Assert.Equal(3, term.Marathon[Batch].Instances);
        Assert.Equal("schedule nightly has ended: back to 3", term.Records(Batch)[0].Reason);
        await term.TickAsync();
        await term.TickAsync();
        await Eventually.TrueAsync(() => term.Marathon[Batch].Owner is null);
        var fire = Assert.Single(await FiresAsync(term, "nightly"));
        Assert.Equal((FireState.Done, null, "its latest time"), (fire.State, fire.Reason, fire.Apps[0].ClosedBy));
        Assert.Equal("nightly@20261124T190105Z", fire.Id);
        Assert.Empty(await OpenAsync(term));

        // From then on the count is anybody's.
        term.Marathon[Batch].Instances = 5;
        await term.TickAsync();
        Assert.Equal(5, term.Marathon[Batch].Instances);
        Assert.Contains("lcm_manager_schedule_fires_total{outcome=\"done\"} 1", await term.MetricsTextAsync(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_window_ends_with_the_count_that_it_names_and_one_without_end_sets_its_count_once()
    {
        await using var term = await StartAsync();
        term.Marathon.Add("/once", 2);
        await term.UseJobsAsync(
            Jobs.Set("nightly", Batch, 20, At(term, 60), Jobs.For(30, then: 1)), Jobs.Set("once", "/once", 0, At(term, 60)));
        await term.TickAsync(60);
        Assert.Equal((20, 0), (term.Marathon[Batch].Instances, term.Marathon["/once"].Instances));
        await term.TickAsync();
        Assert.Equal(FireState.Done, Assert.Single(await FiresAsync(term, "once")).State);
        term.Marathon["/once"].Instances = 4;
        await term.TickAsync(1_800);
        Assert.Equal((1, 4), (term.Marathon[Batch].Instances, term.Marathon["/once"].Instances));
    }

    [Fact]
    public async Task A_window_goes_before_the_policy_of_an_app_and_the_policy_takes_over_at_its_end()
    {
        await using var term = await StartAsync();
        await term.UseJobsAsync(Jobs.Set("sale", Search, 14, At(term, 60), Jobs.For(30)));
        await term.TickAsync(60);
        Assert.Equal(14, term.Marathon[Search].Instances);
        var record = term.Records(Search)[0];
        Assert.Equal(("search", "schedule sale"), (record.Policy, record.Rule));
        Assert.StartsWith(
            "schedule sale: 14 until 2026-11-24 19:31:05Z (outside of the policy's 1 to 10); the policy would set 3: ",
            record.Reason, StringComparison.Ordinal);
        Assert.Contains("schedule sale", (await term.Term.ExplainAsync(Search))!.Decision.Reason, StringComparison.Ordinal);

        term.Metrics[Search, Tpm] = null;
        await term.TickAsync();
        Assert.Equal(14, term.Marathon[Search].Instances);

        term.Metrics[Search, Tpm] = 1;
        await term.TickAsync(1_800);
        await term.TickAsync();
        Assert.InRange(term.Marathon[Search].Instances, 1, 10);
        Assert.Equal(FireState.Done, Assert.Single(await FiresAsync(term, "sale")).State);
    }

    [Fact]
    public async Task Bounds_hold_what_the_policy_wants_and_what_others_set_of_an_app_without_one()
    {
        await using var term = await StartAsync();
        await term.UseJobsAsync(
            Jobs.Of("morning", Search, new ScheduledCount(null, AtLeast: 6), At(term, 60), Jobs.For(30)),
            Jobs.Of("cap", Batch, new ScheduledCount(null, AtMost: 2), At(term, 60), Jobs.For(30)));
        await term.TickAsync(60);
        Assert.Equal((6, 2), (term.Marathon[Search].Instances, term.Marathon[Batch].Instances));
        term.Metrics[Search, Tpm] = 1_000;
        await term.TickAsync();
        Assert.Equal(7, term.Marathon[Search].Instances);
        Assert.Equal("too many transactions", term.Records(Search)[0].Rule);
        term.Marathon[Batch].Instances = 1;
        await term.TickAsync();
        Assert.Equal(1, term.Marathon[Batch].Instances);
        await term.TickAsync(1_800);
        Assert.Equal(3, term.Marathon[Batch].Instances);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_window_of_0_brings_an_app_back_that_its_policy_would_leave_there(bool overlaps)
    {
        await using var term = await StartAsync();
        List<ScalingSchedule> jobs = [Jobs.Set("off", Search, 0, At(term, 60), Jobs.For(30))];
        if (overlaps) jobs.Add(Jobs.Set("on", Search, 2, At(term, 1_200), Jobs.For(30)));
        await term.UseJobsAsync(jobs);
        await term.TickAsync(60);
        Assert.Equal(0, term.Marathon[Search].Instances);
        term.Metrics[Search, Tpm] = 7;
        await term.TickAsync(1_140);
        Assert.Equal(overlaps ? 2 : 0, term.Marathon[Search].Instances);
        await term.TickAsync(660);
        await term.TickAsync();
        Assert.Equal(overlaps ? 2 : 1, term.Marathon[Search].Instances);
    }

    [Fact]
    public async Task An_override_goes_before_a_schedule_and_an_app_that_somebody_suspended_stays_at_0()
    {
        await using var term = await StartAsync();
        (term.Marathon[Batch].Instances, term.Marathon[Batch].Suspended) = (0, true);
        await term.UseJobsAsync(
            Jobs.Set("sale", Search, 8, At(term, 60), Jobs.For(30)), Jobs.Set("nightly", Batch, 20, At(term, 60), Jobs.For(30)));
        await term.Term.Overrides.SetAsync(
            new OverrideEntry
            {
                App = Search,
                Instances = 5,
                Since = term.Time.GetUtcNow(),
                Until = term.Time.GetUtcNow().AddMinutes(10),
            },
            term.Fence, default);
        await term.TickAsync(60);
        Assert.Equal((5, 0), (term.Marathon[Search].Instances, term.Marathon[Batch].Instances));
        await term.TickAsync(600);
        Assert.Equal((8, 0), (term.Marathon[Search].Instances, term.Marathon[Batch].Instances));
        await term.TickAsync(1_800);
        var fire = Assert.Single(await FiresAsync(term, "nightly"));
        Assert.Equal(FireState.Failed, fire.State);
        Assert.Equal("/batch: it came to 0 instances only: somebody has ordered 0 instances of it", fire.Reason);
    }

    [Fact]
    public async Task Of_overlapping_windows_the_highest_count_wins_and_the_last_one_brings_the_first_count_back()
    {
        await using var term = await StartAsync();
        await term.UseJobsAsync(
            Jobs.Set("a", Batch, 20, At(term, 60), Jobs.For(30)), Jobs.Set("b", Batch, 10, At(term, 600), Jobs.For(60)),
            Jobs.Set("c", Batch, 12, At(term, 1_915)));
        await term.TickAsync(60);
        await term.TickAsync(540);
        await term.TickAsync();
        Assert.Equal(20, term.Marathon[Batch].Instances);
        term.Marathon[Batch].Instances = 19;
        await term.TickAsync();
        Assert.Equal(
            "schedule a: 20 until 2026-11-24 19:31:05Z; it goes before schedule b: 10 until 2026-11-24 20:10:05Z",
            term.Records(Batch)[0].Reason);
        await term.TickAsync(1_300);
        await term.TickAsync();
        Assert.Equal(12, term.Marathon[Batch].Instances);
        await term.TickAsync();
        await term.TickAsync();
        Assert.Equal(10, term.Marathon[Batch].Instances);
        await term.TickAsync(2_400);
        Assert.Equal(3, term.Marathon[Batch].Instances);
        await term.TickAsync();
        foreach (var name in (string[])["a", "b", "c"])
            Assert.Equal(FireState.Done, Assert.Single(await FiresAsync(term, name)).State);
    }

    [Fact]
    public async Task A_window_ends_once_its_condition_is_known_to_hold_and_with_its_latest_time_where_it_never_is()
    {
        await using var term = await StartAsync();
        term.Marathon.Add("/other", 3);
        await term.UseJobsAsync(
            Jobs.Set("nightly", Batch, 20, At(term, 60), Jobs.For(30, until: new IsZero("queue"))),
            Jobs.Set("unknown", "/other", 20, At(term, 60), Jobs.For(30, until: new IsZero("queue"))));
        await term.TickAsync(60);
        await term.TickAsync();
        Assert.Equal(["/batch queue", "/other queue"],
            term.Metrics.Demands.Where(demand => demand.Query.Selector == "queue")
                .Select(demand => $"{demand.App} {demand.Query.Selector}").Order(StringComparer.Ordinal));
        term.Metrics[Batch, "queue"] = 4;
        await term.TickAsync();
        Assert.Equal(20, term.Marathon[Batch].Instances);
        term.Metrics[Batch, "queue"] = 0;
        await term.TickAsync();
        await term.TickAsync();
        Assert.Equal((3, 20), (term.Marathon[Batch].Instances, term.Marathon["/other"].Instances));
        Assert.Equal("queue == 0", Assert.Single(await FiresAsync(term, "nightly")).Apps[0].ClosedBy);
        await term.TickAsync(1_800);
        await term.TickAsync();
        Assert.Equal(3, term.Marathon["/other"].Instances);
        Assert.Equal("its latest time", Assert.Single(await FiresAsync(term, "unknown")).Apps[0].ClosedBy);
        Assert.DoesNotContain(term.Metrics.Demands, demand => demand.Query.Selector == "queue");
    }

    [Fact]
    public async Task Apps_that_are_not_there_fail_the_fire_and_one_that_goes_ends_it()
    {
        await using var term = await StartAsync();
        term.Marathon.Add("/batch-b", 1);
        await term.UseJobsAsync(
            Jobs.Set("none", "/nothing", 2, At(term, 60), Jobs.For(30)),
            Jobs.Set("globs", "/nothing-*", 2, At(term, 60), Jobs.For(30)),
            Jobs.Set("several", "/batch*", 6, At(term, 60), Jobs.For(30)));
        await term.TickAsync(60);
        Assert.Equal((6, 6), (term.Marathon[Batch].Instances, term.Marathon["/batch-b"].Instances));
        Assert.Equal((FireState.Failed, "no app is '/nothing'"), Last(await FiresAsync(term, "none")));
        Assert.Equal((FireState.Failed, "no app is '/nothing-*'"), Last(await FiresAsync(term, "globs")));
        Assert.Contains("schedules whose last fire failed: 2: ", string.Join('\n', term.Term.ScheduleProblems),
            StringComparison.Ordinal);
        await term.TickAsync();
        term.Marathon.Remove("/batch-b");

        // A tick that was under way may have read it still.
        await term.TickAsync();
        await term.TickAsync(1_800);
        await term.TickAsync();
        var fire = Assert.Single(await FiresAsync(term, "several"));
        Assert.Equal(["its latest time", "the app is gone"], fire.Apps.Select(part => part.ClosedBy));
        Assert.Equal(FireState.Done, fire.State);
        Assert.Equal(3, term.Marathon[Batch].Instances);
    }

    [Fact]
    public async Task An_app_that_the_target_does_not_list_for_now_is_waited_for()
    {
        await using var term = await StartAsync();
        await term.TickAsync();
        term.Marathon.Unlisted[Batch] = true;
        await term.UseJobsAsync(Jobs.Set("nightly", Batch, 20, At(term, 60), Jobs.For(30)));
        await term.TickAsync(60);
        Assert.Equal(FireState.SetOff, Assert.Single(await OpenAsync(term)).State);
        term.Marathon.Unlisted.Clear();
        await term.TickAsync();
        Assert.Equal(20, term.Marathon[Batch].Instances);
    }

    [Fact]
    public async Task A_schedule_that_only_watches_tells_what_it_would_do()
    {
        await using var term = await StartAsync();
        await term.UseJobsAsync(Jobs.Set("nightly", Batch, 20, At(term, 60), Jobs.For(30)) with { DryRun = true });
        await term.TickAsync(60);
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[Batch].Instances);
        var record = Assert.Single(term.Records(Batch));
        Assert.Equal((true, 3, 20, DecisionOutcome.DryRun), (record.DryRun, record.From, record.To, record.Outcome));
        var fire = Assert.Single(await FiresAsync(term, "nightly"));
        Assert.Equal((true, FireState.Done), (fire.DryRun, fire.State));
    }

    [Fact]
    public async Task A_schedule_scales_an_app_whose_policy_only_watches_and_brings_its_count_back()
    {
        await using var term = await StartAsync(TermUnderTest.Search + "\ndryRun: true\n");
        await term.UseJobsAsync(Jobs.Set("sale", Search, 8, At(term, 60), Jobs.For(30)));
        await term.TickAsync(60);
        await term.TickAsync();
        Assert.Equal(8, term.Marathon[Search].Instances);
        await term.TickAsync(1_800);
        await term.TickAsync();
        Assert.Equal(2, term.Marathon[Search].Instances);
        Assert.All(term.Records(Search).Where(record => !record.DryRun), record => Assert.Equal("schedule sale", record.Policy));
    }

    [Fact]
    public async Task A_pause_holds_the_count_and_the_limits_over_all_apps_hold_for_schedules()
    {
        await using var term = await StartAsync(configure: options => options with
        {
            Safety = new SafetyOptions { MaxStep = 10 },
        });
        await term.UseJobsAsync(Jobs.Set("nightly", Batch, 20, At(term, 60), Jobs.For(30)));
        await term.Pauses.PauseAsync(Batch, Decisions.Policies.Pause.All, "a freeze", null, term.Fence, default);
        await term.TickAsync(60);
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[Batch].Instances);
        Assert.Contains("a freeze", Assert.Single(term.Records(Batch)).Reason, StringComparison.Ordinal);
        await term.Pauses.ResumeAsync(Batch, Decisions.Policies.Pause.All, term.Fence, default);
        await term.TickAsync();
        Assert.Equal(13, term.Marathon[Batch].Instances);
        await term.TickAsync();
        Assert.Equal(20, term.Marathon[Batch].Instances);
    }

    [Fact]
    public async Task A_count_that_cannot_be_set_is_tried_again_and_given_up_with_its_reason()
    {
        await using var term = await StartAsync();
        term.Marathon.Fault = FakeMarathon.OnPut(http => FakeMarathon.Json(http, 422, new System.Text.Json.Nodes.JsonObject
        {
            ["message"] = "no more than 10",
        }));
        await term.UseJobsAsync(Jobs.Set("once", Batch, 20, At(term, 60)));
        await term.TickAsync(60);
        await term.TickAsync(300);
        Assert.Equal(FireState.Open, Assert.Single(await OpenAsync(term)).State);
        await term.TickAsync(300);
        var fire = Assert.Single(await FiresAsync(term, "once"));
        Assert.Equal((FireState.Failed, "/batch: it has 3 instances: no more than 10"), (fire.State, fire.Reason));
        Assert.Equal(3, term.Marathon[Batch].Instances);
    }

    internal static Times At(TermUnderTest term, params double[] seconds) =>
        new([.. seconds.Select(second => Begin(term).AddSeconds(second))]);

    private static DateTimeOffset Begin(TermUnderTest term) =>
        new(term.Time.GetUtcNow().Ticks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero);

    internal static Task<IReadOnlyList<FireRecord>> FiresAsync(TermUnderTest term, string schedule) =>
        term.Term.ScheduleAsync(owner => Task.FromResult<IReadOnlyList<FireRecord>>([.. owner.Book.History.Of(schedule)]));

    internal static Task<IReadOnlyList<FireRecord>> OpenAsync(TermUnderTest term) =>
        term.Term.ScheduleAsync(owner => Task.FromResult<IReadOnlyList<FireRecord>>([.. owner.Book.Store.Open.Entries.Values]));

    internal static async Task<TermUnderTest> StartAsync(
        string policies = TermUnderTest.Search, Func<ManagerOptions, ManagerOptions>? configure = null)
    {
        var term = await TermUnderTest.StartAsync(policies, configure);
        term.Marathon.Add(Search, 2);
        term.Marathon.Add(Batch, 3);
        term.Metrics[Search, Tpm] = 24;
        if (!policies.Contains("dryRun", StringComparison.Ordinal)) await term.TickAsync();
        return term;
    }

    private static (FireState, string?) Last(IReadOnlyList<FireRecord> fires) => (fires[^1].State, fires[^1].Reason);
}
