using LifecycleManager.Decisions.Schedules;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Scheduling;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Storage;
using static LifecycleManager.Manager.Tests.Scheduling.ScheduleOwnerTests;

namespace LifecycleManager.Manager.Tests.Scheduling;

/// <summary>Fire times that pass while nobody can act, successors, stores that fail, clocks that jump.</summary>
public sealed class MisfireTests
{
    private const string Batch = "/batch";

    [Theory]
    [InlineData(30, MisfireKind.Skip, true)]
    [InlineData(300, MisfireKind.Skip, false)]
    [InlineData(300, MisfireKind.Fire, true)]
    [InlineData(700, MisfireKind.Fire, false)]
    public async Task A_fire_time_that_passes_while_nobody_leads_is_dealt_with_as_the_schedule_says(
        int late, MisfireKind kind, bool fires)
    {
        await using var term = await StartAsync();
        await term.UseJobsAsync(Jobs.Set("once", Batch, 20, At(term, 60)) with
        {
            Misfire = new MisfirePolicy(kind, TimeSpan.FromMinutes(10)),
        });
        await term.KillManagerAsync();
        term.Time.Advance(TimeSpan.FromSeconds(60 + late));
        await term.StartManagerAsync();
        await term.TickAsync();
        Assert.Equal(fires ? 20 : 3, term.Marathon[Batch].Instances);
        Assert.Equal(fires ? FireState.Done : FireState.Misfired, Assert.Single(await FiresAsync(term, "once")).State);
        await term.TickAsync();
        await term.HandOverAsync();
        Assert.Single(await FiresAsync(term, "once"));
    }

    [Fact]
    public async Task A_window_that_has_not_ended_is_fired_however_late_and_one_that_has_is_not()
    {
        await using var term = await StartAsync();
        term.Marathon.Add("/other", 3);
        await term.UseJobsAsync(
            Jobs.Set("long", Batch, 20, At(term, 60), Jobs.For(120)), Jobs.Set("short", "/other", 20, At(term, 60), Jobs.For(2)));
        await term.KillManagerAsync();
        term.Time.Advance(TimeSpan.FromHours(1));
        await term.StartManagerAsync();
        await term.TickAsync();
        Assert.Equal((20, 3), (term.Marathon[Batch].Instances, term.Marathon["/other"].Instances));
        Assert.Equal(FireState.Misfired, Assert.Single(await FiresAsync(term, "short")).State);
    }

    [Fact]
    public async Task Of_many_fire_times_that_were_missed_the_last_one_alone_is_fired()
    {
        await using var term = await StartAsync();
        await term.UseJobsAsync(Jobs.Set("often", Batch, 20, new Every(TimeSpan.FromSeconds(10))));
        await term.KillManagerAsync();
        term.Time.Advance(TimeSpan.FromDays(40));
        await term.StartManagerAsync();
        await term.TickAsync(0);
        var fires = await FiresAsync(term, "often");
        Assert.Equal([FireState.Misfired, FireState.Done], fires.Take(2).Select(fire => fire.State));
        Assert.InRange(term.Time.GetUtcNow() - fires[1].Due, TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData("before it is set off")]
    [InlineData("between the record and the count")]
    [InlineData("after the count")]
    [InlineData("at the end of the window")]
    public async Task A_successor_finishes_what_was_set_off_and_sets_nothing_off_twice(string killed)
    {
        await using var term = await StartAsync();
        await term.UseJobsAsync(Jobs.Set("nightly", Batch, 20, At(term, 60), Jobs.For(30)));
        switch (killed)
        {
            case "before it is set off":
                term.Store.Failure = new StateUnavailableException("away");
                await term.TickOnlyAsync(60);
                Assert.Equal(3, term.Marathon[Batch].Instances);
                break;
            case "between the record and the count":
                term.Marathon.Fault = FakeMarathon.OnPut(
                    http => FakeMarathon.Json(http, 503, new System.Text.Json.Nodes.JsonObject()));
                await term.TickAsync(60);
                Assert.Equal(FireState.Open, Assert.Single(await OpenAsync(term)).State);
                break;
            case "after the count":
                await term.TickAsync(60);
                break;
            default:
                await term.TickAsync(60);
                await term.TickAsync();
                break;
        }

        await term.KillManagerAsync();
        term.Marathon.Fault = null;
        if (killed == "at the end of the window") term.Time.Advance(TimeSpan.FromHours(1));
        await term.StartManagerAsync();
        await term.TickAsync();
        await term.TickAsync();
        if (killed != "at the end of the window")
        {
            Assert.Equal(20, term.Marathon[Batch].Instances);
            await term.TickAsync(1_800);
            await term.TickAsync();
        }

        Assert.Equal(3, term.Marathon[Batch].Instances);
        Assert.Equal((FireState.Done, "nightly@20261124T190105Z"), ((await FiresAsync(term, "nightly")).Single().State,
            (await FiresAsync(term, "nightly"))[0].Id));
        Assert.Single(term.Records(Batch), record => record is { To: 20, Outcome: DecisionOutcome.Applied });
    }

    [Fact]
    public async Task Nothing_is_done_while_it_cannot_be_put_on_record_and_all_is_done_once_it_can()
    {
        await using var term = await StartAsync();
        await term.UseJobsAsync(Jobs.Set("nightly", Batch, 20, At(term, 60), Jobs.For(30)));
        term.Store.Failure = new StateUnavailableException("away");
        await term.TickAsync(60);
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[Batch].Instances);
        Assert.Empty(await OpenAsync(term));
        term.Store.Failure = null;
        await term.TickAsync();
        Assert.Equal(20, term.Marathon[Batch].Instances);
        Assert.Equal("nightly@20261124T190105Z", Assert.Single(await OpenAsync(term)).Id);
    }

    [Fact]
    public async Task A_wall_clock_that_is_set_back_fires_nothing_twice_here_or_with_a_successor()
    {
        await using var term = await StartAsync();
        await term.UseJobsAsync(Jobs.Set("hourly", Batch, 20, new Every(TimeSpan.FromHours(1))));
        await term.TickAsync(3_600);
        await term.TickAsync();
        Assert.Single(await FiresAsync(term, "hourly"));
        term.Marathon[Batch].Instances = 3;

        term.Time.WallOffset = TimeSpan.FromMinutes(-50);
        await term.TickAsync();
        Assert.Contains("the wall clock was set back", string.Join('\n', term.Term.ScheduleProblems), StringComparison.Ordinal);
        await term.HandOverAsync();
        for (var i = 0; i < 6; i++) await term.TickAsync(600);
        Assert.Single(await FiresAsync(term, "hourly"));
        Assert.Equal(3, term.Marathon[Batch].Instances);

        await term.TickAsync(3_600);
        await term.TickAsync();
        Assert.Equal(2, (await FiresAsync(term, "hourly")).Count);
        Assert.Empty(term.Term.ScheduleProblems);
    }

    [Fact]
    public async Task A_wall_clock_that_was_far_ahead_keeps_nothing_from_firing_once_it_is_right()
    {
        await using var term = await StartAsync();
        await term.UseJobsAsync(Jobs.Set("hourly", Batch, 20, new Every(TimeSpan.FromHours(1))));
        term.Time.WallOffset = TimeSpan.FromDays(365);
        await term.TickAsync();
        term.Time.WallOffset = TimeSpan.Zero;
        await term.HandOverAsync();
        await term.TickAsync(3_600);
        await term.TickAsync();
        Assert.Contains(await FiresAsync(term, "hourly"),
            fire => fire.Id == "hourly@20261124T200000Z" && fire.State == FireState.Done);
    }

    [Fact]
    public async Task A_wall_clock_that_is_set_forward_makes_misfires()
    {
        await using var term = await StartAsync();
        await term.UseJobsAsync(Jobs.Set("once", Batch, 20, At(term, 60)));
        term.Time.WallOffset = TimeSpan.FromHours(2);
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[Batch].Instances);
        Assert.Equal(FireState.Misfired, Assert.Single(await FiresAsync(term, "once")).State);
    }

    [Fact]
    public async Task While_all_changes_are_stopped_nothing_fires_and_the_start_makes_up_for_it_as_the_schedule_says()
    {
        await using var term = await StartAsync();
        term.Marathon.Add("/other", 3);
        await term.UseJobsAsync(
            Jobs.Set("skips", Batch, 20, At(term, 60)) with { Misfire = new MisfirePolicy(MisfireKind.Skip, default) },
            Jobs.Set("fires", "/other", 20, At(term, 60)));
        await term.Term.Stop.StopAsync("an incident", null, term.Fence, default);
        await term.TickAsync(300);
        Assert.Empty(await OpenAsync(term));
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => term.Term.ScheduleAsync(owner => owner.Desk.RunAsync("skips", null, null, default)));

        // Also where another manager leads meanwhile.
        await term.HandOverAsync();
        await term.TickAsync();
        Assert.Empty(await OpenAsync(term));
        await term.Term.Stop.StartAsync(term.Fence, default);
        await term.TickAsync();
        await term.TickAsync();
        Assert.Equal((3, 20), (term.Marathon[Batch].Instances, term.Marathon["/other"].Instances));
        Assert.Equal(FireState.Misfired, Assert.Single(await FiresAsync(term, "skips")).State);
        Assert.Equal(FireState.Done, Assert.Single(await FiresAsync(term, "fires")).State);
    }

    [Theory]
    [InlineData("2026-03-29T00:59:00Z", new[] { "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z" })]
    [InlineData("2026-10-25T00:29:00Z", new[] { "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z" })]
    public async Task A_local_time_comes_once_on_the_day_when_clocks_are_changed(string begin, string[] expected)
    {
        await using var term = await StartAsync();
        term.Time.WallOffset =
            DateTimeOffset.Parse(begin, System.Globalization.CultureInfo.InvariantCulture) - term.Time.GetUtcNow();
        await term.TickAsync(0);
        await term.Term.ScheduleAsync(owner => owner.Desk.AddAsync(
            "{ name: night, app: /batch, cron: '0 30 2 * * ?', zone: Europe/Berlin, instances: 9, for: 10m }",
            false, null, default));
        for (var i = 0; i < 60; i++) await term.TickAsync(1_800);
        Assert.Equal(expected, (await FiresAsync(term, "night"))
            .Select(fire => fire.Due.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture)));
    }
}
