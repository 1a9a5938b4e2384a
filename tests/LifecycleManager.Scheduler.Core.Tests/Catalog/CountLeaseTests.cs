using System.Text;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Scheduler.Core.Tests.Simulating;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Tests.Catalog;

/// <summary>
/// A manager that is not heard for 24 h owns nothing, whoever leads meanwhile and whatever the wall clock says.
/// </summary>
public sealed class CountLeaseTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private readonly SimulatedStore _store = new();
    private readonly Random _jumps = new(7);
    private SchedulerCore _core;
    private TimeSpan _clock;

    public CountLeaseTests()
    {
        _core = Load();
        Change(0, "policy web");
    }

    [Fact]
    public void Counts_are_given_back_after_24_hours_of_silence_at_the_instant()
    {
        Run(CountLease.Length - TimeSpan.FromMilliseconds(1));
        Assert.Equal("policy web", Owner);
        Run(TimeSpan.FromMilliseconds(1));
        Assert.Null(Owner);
        Assert.Equal(TimeSpan.MaxValue, _core.NextTick(_clock));
        Assert.DoesNotContain("policy web", Encoding.UTF8.GetString(_store.Entries["scheduler/apps/web"].Span),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_manager_that_is_heard_keeps_its_counts_and_the_store_is_written_once_an_hour()
    {
        var before = _store.Entries["scheduler/count-lease"];
        Run(TimeSpan.FromMinutes(59));
        Hear();
        Assert.Equal(before, _store.Entries["scheduler/count-lease"]);
        for (var hour = 0; hour < 60; hour++)
        {
            Run(Hour);
            Hear();
        }

        Assert.Equal("policy web", Owner);
        Run(CountLease.Length);
        Assert.Null(Owner);
    }

    [Fact]
    public void Terms_that_end_neither_forget_the_silence_nor_blame_the_manager_for_their_own()
    {
        for (var term = 0; term < 24; term++)
        {
            Assert.Equal("policy web", Owner);
            Run(Hour);
            _core = Load();
        }

        Run(Hour);
        Assert.Null(Owner);
    }

    [Fact]
    public void What_an_earlier_version_stored_counts_from_now_and_so_does_what_cannot_be_read()
    {
        foreach (var damage in (string?[])[null, "{"])
        {
            _core = Load();
            Change(0, "policy web");
            if (damage is null) _store.Entries.Remove("scheduler/count-lease");
            else _store.Entries["scheduler/count-lease"] = Encoding.UTF8.GetBytes(damage);
            _core = Load();
            Run(CountLease.Length - Hour);
            Assert.Equal("policy web", Owner);
            Run(Hour);
            Assert.Null(Owner);
        }
    }

    [Fact]
    public void Owners_that_are_no_policies_stay()
    {
        Change(0, "team search");
        Run(CountLease.Length * 3);
        Assert.Equal("team search", Owner);
    }

    private string? Owner => Show().Apps[new AppId("/web")].CountOwner;

    private SchedulerSnapshot Show() => _core.Show(new LeaderStatus(true, null, null));

    private void Hear() => Step(ManagerHeard.Instance);

    private void Change(int count, string owner) => Step(new ChangeRequest(
        root => root.PutApp(AppDefinition.FromWire(
            new App { Id = "/web", Cmd = "sleep 1000", Instances = count, Cpus = 1, Mem = 10 })),
        new ChangeOptions { CountOwner = owner }));

    /// <summary>Time passes, with turns only when the core has asked for them.</summary>
    private void Run(TimeSpan time)
    {
        var end = _clock + time;
        for (var next = _core.NextTick(_clock); next <= end; next = _core.NextTick(_clock))
        {
            _clock = next;
            Step(TimePassed.Instance);
        }

        _clock = end;
    }

    private SchedulerCore Load()
    {
        var loaded = _store.Load();
        _clock = loaded.Clock;
        return new SchedulerCore(new CoreOptions(), new Random(1), loaded, Now());
    }

    private ClockReading Now() =>
        new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddHours(_jumps.Next(-1_000, 1_000)), _clock);

    private void Step(SchedulerInput input)
    {
        _core.Handle(input, Now());
        _core.Settle(Now());
        var effects = _core.TakeEffects();
        _store.Write(effects.Writes);
        foreach (var reply in effects.Replies) reply();
    }
}
