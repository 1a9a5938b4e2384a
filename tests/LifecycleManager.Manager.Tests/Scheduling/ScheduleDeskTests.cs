using LifecycleManager.Manager.Scheduling;
using LifecycleManager.Manager.Tests.Fakes;
using static LifecycleManager.Manager.Tests.Scheduling.ScheduleOwnerTests;

namespace LifecycleManager.Manager.Tests.Scheduling;

/// <summary>What people do to schedules, here and with a successor.</summary>
public sealed class ScheduleDeskTests
{
    private const string Batch = "/batch";
    private const string Nightly = "{ name: nightly, app: /batch, cron: '0 0 * * * ?', instances: 20, for: 30m }";

    [Fact]
    public async Task A_schedule_that_is_added_fires_outlives_a_kill_and_goes_with_what_it_has_set()
    {
        await using var term = await StartAsync();
        var known = await AddAsync(term, Nightly);
        Assert.Equal(new DateTimeOffset(2026, 11, 24, 20, 0, 0, TimeSpan.Zero), known.Next);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => AddAsync(term, Nightly));
        Assert.Contains("replace it", refused.Message, StringComparison.Ordinal);
        await term.KillManagerAsync();
        await term.StartManagerAsync();
        await term.TickAsync(3_600);
        Assert.Equal(20, term.Marathon[Batch].Instances);
        await term.TickAsync();

        Assert.True(await term.Term.ScheduleAsync(owner => owner.Desk.RemoveAsync("nightly", "ops", default)));
        Assert.False(await term.Term.ScheduleAsync(owner => owner.Desk.RemoveAsync("nightly", "ops", default)));
        await term.TickAsync();
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[Batch].Instances);
        var fire = Assert.Single(await FiresAsync(term, "nightly"));
        Assert.Equal((FireState.Done, "the schedule was removed"), (fire.State, fire.Reason));
        await term.HandOverAsync();
        Assert.Empty(await term.Term.ScheduleAsync(owner => Task.FromResult(owner.Book.Table.All.ToList())));
    }

    [Theory]
    [InlineData("name: x", "app")]
    [InlineData("{ name: a/b, app: /batch, cron: '0 0 * * * ?', instances: 20 }", "no '/'")]
    [InlineData("[", "schedule")]
    public async Task What_is_no_schedule_is_refused_with_its_reason(string text, string why)
    {
        await using var term = await StartAsync();
        var e = await Assert.ThrowsAsync<FormatException>(() => AddAsync(term, text));
        Assert.Contains(why, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schedule_of_a_file_goes_before_an_added_one_and_is_changed_there()
    {
        await using var term = await StartAsync();
        await AddAsync(term, Nightly);
        await term.UseJobsAsync(Jobs.Set("nightly", Batch, 5, At(term, 60)));
        Assert.Contains("are hidden by those of files: nightly",
            string.Join('\n', term.Term.ScheduleProblems), StringComparison.Ordinal);
        var e = await Assert.ThrowsAsync<InvalidOperationException>(() => AddAsync(term, Nightly));
        Assert.Equal("jobs.yml has a schedule 'nightly': change it there", e.Message);
        await term.TickAsync(60);
        Assert.Equal(5, term.Marathon[Batch].Instances);
        await term.UseJobsAsync();
        Assert.Empty(term.Term.ScheduleProblems);
        Assert.NotNull(await term.Term.ScheduleAsync(owner => Task.FromResult(owner.Book.Table.Find("nightly")!.Added)));
        await term.UseJobsAsync(Jobs.Set("file", Batch, 5, At(term, 60)));
        e = await Assert.ThrowsAsync<InvalidOperationException>(
            () => term.Term.ScheduleAsync(owner => owner.Desk.RemoveAsync("file", null, default)));
        Assert.Equal("the schedule 'file' is in jobs.yml: take it out there", e.Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_paused_schedule_lets_its_fire_times_pass_and_makes_up_for_none(bool handOver)
    {
        await using var term = await StartAsync();
        await term.UseJobsAsync(Jobs.Set("hourly", Batch, 20, new Every(TimeSpan.FromHours(1))));
        await term.Term.ScheduleAsync(owner => owner.Desk.PauseAsync("hourly", "a freeze", "ops", default));
        await term.TickAsync(3_600);
        if (handOver) await term.HandOverAsync();
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[Batch].Instances);
        var known = await term.Term.ScheduleAsync(owner => owner.Desk.ResumeAsync("hourly", "ops", default));
        Assert.Equal(new DateTimeOffset(2026, 11, 24, 21, 0, 0, TimeSpan.Zero), known!.Next);
        if (handOver) await term.HandOverAsync();
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[Batch].Instances);
        await term.TickAsync(3_600);
        Assert.Equal(20, term.Marathon[Batch].Instances);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_next_fire_time_is_left_out_and_the_one_after_it_is_not(bool handOver)
    {
        await using var term = await StartAsync();
        await term.UseJobsAsync(Jobs.Set("hourly", Batch, 20, new Every(TimeSpan.FromHours(1))));
        var skipped = await term.Term.ScheduleAsync(owner => owner.Desk.SkipAsync("hourly", "ops", default));
        Assert.Equal(new DateTimeOffset(2026, 11, 24, 20, 0, 0, TimeSpan.Zero), skipped);
        if (handOver) await term.HandOverAsync();
        await term.TickAsync(3_600);
        Assert.Equal(3, term.Marathon[Batch].Instances);
        var fire = Assert.Single(await FiresAsync(term, "hourly"));
        Assert.Equal((FireState.Skipped, "left out by ops"), (fire.State, fire.Reason));
        if (handOver) await term.HandOverAsync();
        await term.TickAsync(3_600);
        Assert.Equal(20, term.Marathon[Batch].Instances);
    }

    [Fact]
    public async Task A_fire_that_a_person_asks_for_is_set_off_at_once_beside_the_fire_times()
    {
        await using var term = await StartAsync();
        await term.UseJobsAsync(Jobs.Set("hourly", Batch, 20, new Every(TimeSpan.FromHours(1)), Jobs.For(10)));
        var fire = await term.Term.ScheduleAsync(owner => owner.Desk.RunAsync("hourly", "a test", "ops", default));
        Assert.EndsWith("-run", fire!.Id, StringComparison.Ordinal);
        await term.TickAsync();
        Assert.Equal(20, term.Marathon[Batch].Instances);
        await term.TickAsync(600);
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[Batch].Instances);
        fire = Assert.Single(await FiresAsync(term, "hourly"));
        Assert.Equal((true, "ops", "a test", FireState.Done), (fire.ByHand, fire.By, fire.Asked, fire.State));
        await term.TickAsync(3_000);
        Assert.Equal(20, term.Marathon[Batch].Instances);
        Assert.Null(await term.Term.ScheduleAsync(owner => owner.Desk.RunAsync("nothing", null, null, default)));
    }

    private static Task<KnownSchedule> AddAsync(TermUnderTest term, string text) =>
        term.Term.ScheduleAsync(owner => owner.Desk.AddAsync(text, false, "ops", default));
}
