using System.Collections.Concurrent;
using LifecycleManager.Manager.Scheduling;
using LifecycleManager.Manager.Tests.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Manager.Tests.Scheduling;

/// <summary>With Quartz as it is, on the system's clock.</summary>
public sealed class ScheduleTriggersTests
{
    private const string EverySecond = """
        policy: night
        app: /a
        instances: { min: 1, max: 10 }
        rules:
          - rule: pulse
            schedule: { cron: '* * * * * ?', zone: Europe/London }
            then: { set: 2 }
        """;

    [Fact]
    public async Task A_tick_is_asked_for_at_the_instant_when_the_next_job_is_due_and_at_once_where_it_has_passed()
    {
        var asked = new ConcurrentQueue<(string Why, DateTimeOffset? At)>();
        using var ending = new CancellationTokenSource();
        var triggers = new ScheduleTriggers((why, at) => asked.Enqueue((why, at)), TimeProvider.System,
            NullLogger<ScheduleTriggers>.Instance);
        var run = triggers.RunAsync(ending.Token);
        triggers.WakeAt(DateTimeOffset.UtcNow.AddDays(1));
        var at = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 2);
        triggers.WakeAt(at);
        await Eventually.TrueAsync(() => !asked.IsEmpty);
        Assert.Equal((ScheduleTriggers.Jobs, at), asked.Single());
        Assert.True(DateTimeOffset.UtcNow >= at.AddMilliseconds(-100));
        triggers.WakeAt(DateTimeOffset.UtcNow.AddMinutes(-1));
        await Eventually.TrueAsync(() => asked.Count == 2);
        triggers.WakeAt(DateTimeOffset.MaxValue);
        triggers.WakeAt(null);
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    [Fact]
    public async Task A_rule_asks_for_a_tick_of_its_moment_until_it_is_gone()
    {
        var asked = new ConcurrentQueue<(string Why, DateTimeOffset? At)>();
        using var ending = new CancellationTokenSource();
        var triggers = new ScheduleTriggers((why, at) => asked.Enqueue((why, at)), TimeProvider.System,
            NullLogger<ScheduleTriggers>.Instance);
        var run = triggers.RunAsync(ending.Token);

        triggers.Follow(TermUnderTest.Parse(EverySecond).Schedules);
        await Eventually.TrueAsync(() => asked.Count >= 2);
        Assert.All(asked, ask => Assert.Equal(("schedule night/pulse", 0), (ask.Why, ask.At!.Value.Millisecond)));

        // Another rule's first moment shows that the one before is no longer followed.
        triggers.Follow(TermUnderTest.Parse(EverySecond.Replace("policy: night", "policy: day")).Schedules);
        await Eventually.TrueAsync(() => asked.Last().Why == "schedule day/pulse");
        asked.Clear();
        await Eventually.TrueAsync(() => asked.Count >= 2);
        Assert.All(asked, ask => Assert.Equal("schedule day/pulse", ask.Why));

        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }
}
