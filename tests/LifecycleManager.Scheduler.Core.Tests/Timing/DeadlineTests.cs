using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Timing;
using LifecycleManager.Scheduler.Core.Tests.Simulating;

namespace LifecycleManager.Scheduler.Core.Tests.Timing;

/// <summary>
/// What is due comes when it is due, whatever else comes in: the core gets random inputs that concern other apps, at random
/// moments and closer together than any of its timers, and a turn by time only when <see cref="SchedulerCore.NextTick"/> asks for
/// it. All the while the wall clock jumps, by hours and both ways: it moves no deadline.
/// </summary>
public sealed class DeadlineTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 25)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_kill_without_effect_is_repeated_in_time(int seed)
    {
        var world = new BusyCore(seed);
        var victim = world.Launch("/v")[0];
        world.Ask(new KillRequest([victim], new KillOptions()));
        var first = world.KillsOf(victim).Single();
        world.RunFor(BusyCore.Options.KillRetry * 3.5);

        var kills = world.KillsOf(victim);
        Assert.Equal(4, kills.Count);
        for (var i = 1; i < kills.Count; i++) BusyCore.AssertOnTime(first + (i * BusyCore.Options.KillRetry), kills[i]);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_launch_that_does_not_come_up_is_given_up_in_time(int seed)
    {
        var world = new BusyCore(seed);
        world.Put("/v", 1);
        var task = world.Offer("/v").Single();
        var staged = world.Now;
        world.RunFor(BusyCore.Options.LaunchTimeout * 1.5);

        BusyCore.AssertOnTime(staged + BusyCore.Options.LaunchTimeout, world.KillsOf(task)[0]);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void An_unreachable_instance_becomes_inactive_and_is_expunged_in_time(int seed)
    {
        var world = new BusyCore(seed);
        var task =
            world.Launch("/v",
                app => app with { UnreachableStrategy = Json("""{"inactiveAfterSeconds":7,"expungeAfterSeconds":19}""") })[0];
        world.Report(task, TaskState.Unreachable);
        var since = world.Now;
        world.RunFor(TimeSpan.FromSeconds(30));

        var changes = world.Events.Where(change => change.Event.EventType == "instance_changed_event"
            && change.Text.Contains("\"/v\"", StringComparison.Ordinal)).ToList();
        BusyCore.AssertOnTime(since.AddSeconds(7), changes.First(change =>
            change.Text.Contains("UnreachableInactive", StringComparison.Ordinal)).At);
        BusyCore.AssertOnTime(since.AddSeconds(19), changes.First(change =>
            change.Text.Contains("\"Gone\"", StringComparison.Ordinal)).At);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_version_that_fits_nowhere_is_rolled_back_in_time(int seed)
    {
        var world = new BusyCore(seed);
        world.Launch("/v");
        world.Put("/v", 1, app => app with
        {
            Cmd = "other",
            Mem = 1e9,
            Labels = new Dictionary<string, string> { ["lcm.rollback.after"] = "8s" }
        });
        var begun = world.Now;
        world.RunFor(TimeSpan.FromSeconds(10));

        var failed = world.Events.Single(told => told.Event.EventType == "deployment_failed");
        Assert.Contains("was not healthy within 8 s", failed.Text, StringComparison.Ordinal);
        BusyCore.AssertOnTime(begun.AddSeconds(8), failed.At);
        Assert.Equal("sleep 1000", world.Show().Root.FindApp(new AppId("/v"))!.Wire.Cmd);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_canary_goes_on_when_its_pause_is_over(int seed)
    {
        var world = new BusyCore(seed);
        world.Launch("/v", app => app with { Instances = 2 });
        world.Put("/v", 2, app => app with
        {
            Cmd = "other",
            Labels = new Dictionary<string, string> { ["lcm.canary"] = "1 13s" }
        });
        foreach (var task in world.Offer("/v")) world.Report(task, TaskState.Running);
        foreach (var kill in world.Calls.Where(call => call.Call.Kill is not null).ToList())
            world.Report(kill.Call.Kill!.TaskId.Value, TaskState.Killed);
        Assert.Single(world.Show().Deployments, deployment => deployment.HeldSince is not null);
        var held = world.Now;
        world.RunUntil(() => world.Show().Deployments.All(deployment => deployment.HeldSince is null));

        BusyCore.AssertOnTime(held.AddSeconds(13), world.Now);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Room_is_made_for_what_is_more_important_in_time(int seed)
    {
        var world = new BusyCore(seed);
        var low =
            world.Launch("/v",
                app => app with { UpgradeStrategy = new UpgradeStrategy { MinimumHealthCapacity = 0, MaximumOverCapacity = 0 } });
        world.Put("/high", 1, app => app with { Labels = new Dictionary<string, string> { ["lcm.priority"] = "10" } });
        var begun = world.Now;
        world.RunFor(TimeSpan.FromSeconds(6));

        BusyCore.AssertOnTime(begun.AddSeconds(3), world.KillsOf(low[0])[0]);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Reconciliation_comes_in_time(int seed)
    {
        var world = new BusyCore(seed);
        world.Launch("/v");
        var begun = world.Calls.Last(call => call.Call.Type == CallType.Reconcile).At;
        world.Calls.Clear();
        world.RunFor(BusyCore.Options.ReconciliationInterval * 1.2);

        BusyCore.AssertOnTime(begun + BusyCore.Options.ReconciliationInterval,
            world.Calls.First(call => call.Call.Type == CallType.Reconcile).At);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void What_a_new_master_does_not_answer_is_asked_again_soon_and_then_less_often(int seed)
    {
        var world = new BusyCore(seed);
        world.Put("/v", 1);
        var task = world.Offer("/v").Single();
        world.Disconnect();
        world.Calls.Clear();
        world.Connect();
        var begun = world.Now;
        world.RunFor(TimeSpan.FromSeconds(20));

        var asked = Asked();
        Assert.Equal(4, asked.Count);
        foreach (var (i, seconds) in new[] { 0, 2, 6, 14 }.Index())
            BusyCore.AssertOnTime(begun.AddSeconds(seconds), asked[i]);

        world.Report(task, TaskState.Running);
        world.Calls.Clear();
        world.RunFor(TimeSpan.FromSeconds(60));
        Assert.Empty(Asked());

        List<DateTimeOffset> Asked() =>
            [.. world.Calls.Where(call => call.Call.Reconcile?.Tasks?.Any(one => one.TaskId.Value == task) == true)
                .Select(call => call.At)];
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Without_a_master_the_core_waits_and_does_not_spin(int seed)
    {
        var world = new BusyCore(seed);
        var victim = world.Launch("/v")[0];
        world.Put("/w", 3);
        world.Ask(new KillRequest([victim], new KillOptions()));
        world.Disconnect();
        world.TimedTurns = 0;
        world.RunFor(BusyCore.Options.ReconciliationInterval * 2);

        // A launch that waits is looked at each second, for what it could displace.
        Assert.True(world.TimedTurns <= BusyCore.Options.ReconciliationInterval.TotalSeconds * 2.2, $"{world.TimedTurns} turns");
    }

    [Fact]
    public void A_call_that_fails_before_it_has_changed_anything_is_answered_so_and_all_goes_on()
    {
        var world = new BusyCore(1);
        var task = world.Launch("/v")[0];

        Assert.Throws<InvalidOperationException>(() => world.Ask(new StrangeRequest()));

        world.Ask(new KillRequest([task], new KillOptions()));
        Assert.Single(world.KillsOf(task));
    }

    private sealed record StrangeRequest : Request<int>;

    [Fact]
    public void A_deadline_that_is_moved_or_cleared_is_not_due_at_its_old_time()
    {
        var deadlines = new DeadlineQueue<int>();
        var model = new Dictionary<int, TimeSpan>();
        var random = new Random(5);
        for (var step = 0; step < 20_000; step++)
        {
            var key = random.Next(50);
            var due = TimeSpan.FromSeconds(random.Next(1_000) + (step / 20.0));
            switch (random.Next(6))
            {
                case 0:
                    deadlines.Set(key, null);
                    model.Remove(key);
                    break;
                case 1:
                    deadlines.SetEarlier(key, due);
                    if (!model.TryGetValue(key, out var known) || due < known) model[key] = due;
                    break;
                case 2:
                    var now = TimeSpan.FromSeconds(step / 20.0);
                    Assert.Equal(
                        model.Where(entry => entry.Value <= now).OrderBy(entry => entry.Value).Select(entry => entry.Value),
                        deadlines.TakeDue(now).Select(taken => model.Remove(taken, out var at) ? at : default));
                    break;
                default:
                    deadlines.Set(key, due);
                    model[key] = due;
                    break;
            }

            Assert.Equal(model.Count == 0 ? null : model.Values.Min(), deadlines.Next);
        }
    }

    private static System.Text.Json.JsonElement Json(string text) =>
        System.Text.Json.JsonSerializer.Deserialize<System.Text.Json.JsonElement>(text);
}
