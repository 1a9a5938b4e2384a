using System.Text.Json;
using System.Text.RegularExpressions;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Tests.Simulating;

namespace LifecycleManager.Scheduler.Core.Tests.Execution;

/// <summary>
/// What outlives a scheduler comes, whenever its leaders die, never early, and late by the time without a leader and 10 s at
/// most. The leaders die at random moments, up to three of them; their wall clocks have nothing to do with each other.
/// </summary>
public sealed partial class FailoverTimeTests
{
    private static readonly TimeSpan MaxLate = TimeSpan.FromSeconds(10);

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 25)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void An_unreachable_instance_is_expunged(int seed)
    {
        var world = new BusyCore(seed);
        var task = Unreachable(world);
        AssertComes(world, seed, TimeSpan.FromSeconds(240), () => world.Show().Instances.ContainsKey(task),
            _ => world.Report(task, TaskState.Unreachable));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_canary_goes_on_after_its_pause(int seed)
    {
        var world = new BusyCore(seed);
        AppHealthCheck[] checks = [new() { Protocol = "HTTP", Port = 80, IntervalSeconds = 1 }];
        foreach (var task in world.Launch("/v", app => app with { Instances = 2, HealthChecks = checks })) world.Healthy(task);
        world.Put("/v", 2, app => app with
        {
            Cmd = "other",
            HealthChecks = checks,
            Labels = new Dictionary<string, string> { ["lcm.canary"] = "1 5m" },
        });
        foreach (var task in world.Offer("/v"))
        {
            world.Report(task, TaskState.Running);
            world.Healthy(task);
        }

        foreach (var kill in world.Calls.Where(call => call.Call.Kill is not null).ToList())
            world.Report(kill.Call.Kill!.TaskId.Value, TaskState.Killed);
        Assert.True(IsHeld());
        AssertComes(world, seed, TimeSpan.FromMinutes(5), IsHeld, _ =>
        {
            // Nothing is known of anybody's health until the checks are answered: that is no reason to begin the pause anew.
            Assert.True(IsHeld());
            world.RunFor(TimeSpan.FromSeconds(2));
            foreach (var instance in world.Show().Instances.Values.Where(instance => instance.AppId.Path == "/v"))
                world.Healthy(instance.TaskId);
        });

        bool IsHeld() => world.Show().Deployments.Any(deployment => deployment.HeldSince is not null);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_version_that_is_not_healthy_is_rolled_back(int seed)
    {
        var world = new BusyCore(seed);
        world.Launch("/v");
        world.Put("/v", 1, app => app with
        {
            Cmd = "other",
            Mem = 1e9,
            Labels = new Dictionary<string, string> { ["lcm.rollback.after"] = "2m" }
        });
        AssertComes(world, seed, TimeSpan.FromMinutes(2),
            () => world.Events.All(told => told.Event.EventType != "deployment_failed"));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void The_launch_of_an_app_that_fails_waits(int seed)
    {
        var world = new BusyCore(seed);
        var task = world.Launch("/v", app => app with { BackoffSeconds = 100, MaxLaunchDelaySeconds = 100 })[0];
        world.Report(task, TaskState.Failed);
        world.Calls.Clear();
        AssertComes(world, seed, TimeSpan.FromSeconds(100), () => world.Calls.All(call => call.Call.Type != CallType.Revive));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_launch_that_does_not_come_up_is_given_up(int seed)
    {
        var world = new BusyCore(seed);
        world.Put("/v", 1);
        var task = world.Offer("/v").Single();
        AssertComes(world, seed, BusyCore.Options.LaunchTimeout, () => world.KillsOf(task).Count == 0);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void An_instance_that_is_drained_is_killed(int seed)
    {
        var world = new BusyCore(seed);
        var task = world.Launch("/v", app => app with { Labels = new Dictionary<string, string> { ["lcm.drain"] = "3m" } })[0];
        world.Ask(new KillRequest([task], new KillOptions()));
        AssertComes(world, seed, TimeSpan.FromMinutes(3), () => world.KillsOf(task).Count == 0,
            _ => Assert.Equal(InstanceState.Killing, world.Show().Instances[task].ShownState));
    }

    [Fact]
    public void What_an_earlier_version_stored_by_the_wall_clock_alone_counts_from_when_it_is_read()
    {
        var world = new BusyCore(1);
        var task = Unreachable(world);
        world.RunFor(TimeSpan.FromSeconds(200));
        world.Restart(TimeSpan.FromHours(1), json => Readings().Replace(json, ""));
        var begun = world.Now;
        world.RunUntil(() => !world.Show().Instances.ContainsKey(task));

        BusyCore.AssertOnTime(begun.AddSeconds(240), world.Now.AddMilliseconds(2));
    }

    [GeneratedRegex(@",""\w*[cC]lock"":\d+")]
    private static partial Regex Readings();

    private static string Unreachable(BusyCore world)
    {
        var strategy = JsonSerializer.Deserialize<JsonElement>("""{"inactiveAfterSeconds":240,"expungeAfterSeconds":240}""");
        var task = world.Launch("/v", app => app with { UnreachableStrategy = strategy })[0];
        world.Report(task, TaskState.Unreachable);
        return task;
    }

    /// <summary>Something waits from now on, and comes in time.</summary>
    private static void AssertComes(BusyCore world, int seed, TimeSpan due, Func<bool> waits, Action<int>? restarted = null)
    {
        var random = new Random(seed);
        var begun = world.Now;
        var outages = TimeSpan.Zero;
        for (var lives = random.Next(1, 4); lives > 0; lives--)
        {
            // Each leader dies before it is due.
            var left = due - (world.Now - begun - outages);
            if (left < TimeSpan.FromSeconds(8)) break;
            world.RunFor(left * random.NextDouble() * 0.9);
            var outage = TimeSpan.FromSeconds(random.Next(600));
            outages += outage;
            world.Restart(outage);
            restarted?.Invoke(lives);
        }

        Assert.True(waits(), "it came early");
        world.RunUntil(() => !waits());
        var took = world.Now - begun - outages;
        Assert.True(took >= due && took <= due + MaxLate, $"due after {due}, it came after {took}, outages not counted");
    }
}
