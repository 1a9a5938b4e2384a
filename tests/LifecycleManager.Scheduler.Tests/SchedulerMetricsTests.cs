using System.Text.RegularExpressions;

namespace LifecycleManager.Scheduler.Tests;

/// <summary>What a scheduler shows of apps: from zero, while it leads, as long as they are there.</summary>
public sealed partial class SchedulerMetricsTests
{
    [Fact]
    public async Task An_app_is_shown_from_zero_and_its_first_launch_is_seen_to_happen()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1");
        await using var scheduler = await SchedulerUnderTest.StartAsync(master: master.Address);
        await scheduler.PostAsync("/v2/apps", """{"id":"/a","cmd":"x","instances":1,"cpus":0.1,"mem":32}""");
        await Eventually.TrueAsync(() => scheduler.Service.Snapshot.Apps.Values.Any(app => app.Running == 1)
            && scheduler.Service.Snapshot.Deployments.Count == 0);

        var first = await scheduler.Client.GetStringAsync("/metrics");
        foreach (var series in new[]
        {
            "lcm_scheduler_launches_total{app=\"/a\"}", "lcm_scheduler_task_failures_total{app=\"/a\"}",
            "lcm_scheduler_deployments_finished_total{outcome=\"success\"}",
            "lcm_scheduler_deployments_finished_total{outcome=\"canceled\"}",
            "lcm_scheduler_offers_refused_total{reason=\"InsufficientCpus\"}", "lcm_scheduler_queue_instances{app=\"/a\"}",
        })
        {
            Assert.Contains($"\n{series} 0\n", first, StringComparison.Ordinal);
        }

        var second = await scheduler.Client.GetStringAsync("/metrics");
        Assert.Contains("\nlcm_scheduler_launches_total{app=\"/a\"} 1\n", second, StringComparison.Ordinal);
        Assert.Contains("\nlcm_scheduler_deployments_finished_total{outcome=\"success\"} 1\n", second, StringComparison.Ordinal);

        await scheduler.DeleteAsync("/v2/apps/a?force=true");
        await Eventually.TrueAsync(async () =>
            !(await scheduler.Client.GetStringAsync("/metrics")).Contains("app=\"/a\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Apps_are_shown_by_the_leader_alone()
    {
        var store = "memory:" + Guid.NewGuid().ToString("N");
        await using var leader = await SchedulerUnderTest.StartAsync(store);
        await using var follower = await SchedulerUnderTest.StartAsync(store, leading: false);
        (await leader.PostAsync("/v2/apps", """{"id":"/a","cmd":"x","instances":0}""")).Is(201);
        await ShownByAsync(leader, follower);

        (await leader.DeleteAsync("/v2/leader")).Is(200);
        await Eventually.TrueAsync(() => follower.Service.Snapshot.Leader.IsLeading);
        await ShownByAsync(follower, leader);
    }

    private static async Task ShownByAsync(SchedulerUnderTest leader, SchedulerUnderTest standby)
    {
        await Eventually.TrueAsync(async () =>
        {
            var shown = await leader.Client.GetStringAsync("/metrics");
            return shown.Contains("\nlcm_scheduler_app_instances_target{app=\"/a\"} 0\n", StringComparison.Ordinal)
                && shown.Contains("\nlcm_scheduler_leading 1\n", StringComparison.Ordinal);
        });
        await Eventually.TrueAsync(async () =>
        {
            var hidden = await standby.Client.GetStringAsync("/metrics");
            return hidden.Contains("\nlcm_scheduler_leading 0\n", StringComparison.Ordinal) && !OfCluster().IsMatch(hidden);
        });
    }

    [GeneratedRegex(@"^lcm_scheduler_(app_|queue_|deployments|launches|task_failures|offers_refused)", RegexOptions.Multiline)]
    private static partial Regex OfCluster();
}
