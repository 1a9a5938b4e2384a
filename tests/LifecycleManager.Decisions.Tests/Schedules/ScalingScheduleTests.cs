using System.Diagnostics;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Schedules;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Decisions.Tests.Schedules;

/// <summary>When schedules fire and end: on days that are left out, when the clocks are set, and quickly.</summary>
public sealed class ScalingScheduleTests(ITestOutputHelper output)
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("cron: 0 0 9 * * ?, days: { only: business, except: [ 2026-12-01, 12-25 ] }", "2026-12-02T09:00:00Z")]
    [InlineData("cron: 0 0 9 * * ?, days: { only: 02-29 }", "2028-02-29T09:00:00Z")]
    [InlineData("cron: 0 0/1 * * * ?, days: { except: [ mon-sat, 12-06 ] }", "2026-12-13T00:00:00Z")]
    [InlineData("cron: 0 0/1 * * * ?, days: { only: mon, except: mon }", null)]
    [InlineData("rrule: FREQ=MINUTELY, start: 2001-01-01T00:00, days: { only: 2020-01-01 }", null)]
    [InlineData("every: R/2001-01-01T00:00/PT10S, days: { only: 2030-01-01 }", "2030-01-01T00:00:00Z")]
    [InlineData("once: 2026-12-25T00:00, days: { except: 12-25 }", null)]
    [InlineData("cron: 0 0 23 * * ?, zone: America/New_York, days: { only: wed }", "2026-12-03T04:00:00Z")]
    public void Days_are_local_days(string when, string? next)
    {
        var fire = Job(when).NextFire(Now);
        Assert.Equal(next, fire is { } at ? Vectors.Show([at]) : null);
    }

    [Theory]
    // The clocks go on at 01:00 UTC on 29 March: 02:30 is read as 03:30.
    [InlineData("once: 2026-03-29T02:30", "2026-03-29T01:30:00Z")]
    [InlineData("every: R3/2026-03-28T02:30/P1D", "2026-03-28T01:30:00Z 2026-03-29T01:30:00Z 2026-03-30T00:30:00Z")]
    [InlineData("every: R3/2026-03-29T01:30/PT1H", "2026-03-29T00:30:00Z 2026-03-29T01:30:00Z 2026-03-29T02:30:00Z")]
    [InlineData("rrule: FREQ=DAILY;COUNT=3, start: 2026-03-28T02:30",
        "2026-03-28T01:30:00Z 2026-03-29T01:30:00Z 2026-03-30T00:30:00Z")]
    // What is skipped comes later than what follows it.
    [InlineData("rrule: 'FREQ=DAILY;BYHOUR=2,3;BYMINUTE=15,45;COUNT=4', start: 2026-03-29T00:00",
        "2026-03-29T01:15:00Z 2026-03-29T01:45:00Z")]
    // They go back at 01:00 UTC on 25 October: the first 02:30 is meant.
    [InlineData("once: 2026-10-25T02:30", "2026-10-25T00:30:00Z")]
    [InlineData("once: '2026-10-25T02:30+01:00'", "2026-10-25T01:30:00Z")]
    [InlineData("every: 'R2/2026-10-25T02:30+01:00/P1D'", "2026-10-25T01:30:00Z 2026-10-26T01:30:00Z")]
    [InlineData("rrule: FREQ=HOURLY;COUNT=4, start: 2026-10-25T01:30",
        "2026-10-24T23:30:00Z 2026-10-25T00:30:00Z 2026-10-25T02:30:00Z 2026-10-25T03:30:00Z")]
    public void The_clocks_are_set(string when, string fires) => Assert.Equal(fires, Vectors.Show(
        Job(when + ", zone: Europe/Berlin").When.Fires(DateTimeOffset.MinValue, 9)));

    [Theory]
    [InlineData("latest: '05:00'", "2026-03-29T03:00:00Z", "2026-10-25T04:00:00Z")]
    [InlineData("latest: '02:30'", "2026-03-29T01:30:00Z", "2026-10-25T00:30:00Z")]
    [InlineData("latest: '00:30'", "2026-03-29T22:30:00Z", "2026-10-25T23:30:00Z")]
    [InlineData("for: 4h", "2026-03-29T04:00:00Z", "2026-10-25T03:00:00Z")]
    [InlineData("latest: '05:00', for: 1h", "2026-03-29T01:00:00Z", "2026-10-25T00:00:00Z")]
    public void An_end_is_a_local_time_or_a_length(string end, string inMarch, string inOctober)
    {
        var job = Job($"cron: 0 0 1 * * ?, zone: Europe/Berlin, {end}");
        foreach (var (day, wanted) in new[]
        {
            (new DateTime(2026, 3, 28, 22, 0, 0), inMarch), (new DateTime(2026, 10, 24, 21, 0, 0), inOctober),
        })
        {
            var time = new FakeTimeProvider(new DateTimeOffset(day, TimeSpan.Zero));
            var fire = job.NextFire(time.GetUtcNow())!.Value;
            Assert.Equal(TimeSpan.FromHours(2), fire - time.GetUtcNow());
            Assert.Equal(wanted, Vectors.Show([job.End!.Latest(fire)]));
        }
    }

    [Theory]
    [InlineData("once: 2026-12-24T18:00")]
    [InlineData("cron: 0 15 10 ? * 6L")]
    [InlineData("every: R/1999-01-31T00:00/P1M")]
    [InlineData("every: R/1999-01-31T00:00/PT10S")]
    [InlineData("rrule: FREQ=DAILY, start: 1999-01-01T09:00")]
    [InlineData("rrule: FREQ=MINUTELY;INTERVAL=45, start: 1999-01-01T09:00")]
    [InlineData("rrule: FREQ=HOURLY;INTERVAL=7, start: 1999-01-01T09:00")]
    [InlineData("rrule: FREQ=WEEKLY;INTERVAL=2;BYDAY=MO, start: 1999-01-01T09:00")]
    [InlineData("rrule: FREQ=MONTHLY;BYDAY=-1FR, start: 1999-01-31T09:00")]
    [InlineData("rrule: FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29, start: 1996-02-29T09:00")]
    [InlineData("rrule: FREQ=DAILY;COUNT=9999, start: 2019-01-01T09:00")]
    public void A_start_long_ago_costs_nothing(string when)
    {
        var (job, last) = (Job(when), (DateTimeOffset?)null);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            var next = job.NextFire(Now);
            Assert.True(last is null || next == last);
            last = next;
        }

        // Steps through all that was would be millions of objects; what is known is not reckoned again.
        var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        output.WriteLine($"{bytes:#,0} bytes");
        Assert.True(bytes < 8_000_000, $"{bytes:#,0} bytes");
    }

    [Fact]
    public void Whatever_the_distance_all_fires_are_reached()
    {
        // Each is asked for anew after a jump, so that no window is known, and in steps.
        foreach (var when in new[]
        {
            "rrule: 'FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,SU', start: 2001-05-05T02:30", "every: R/2001-01-31T02:30/P1M",
            "rrule: FREQ=MONTHLY;INTERVAL=5, start: 2001-01-31T02:30", "rrule: FREQ=YEARLY;INTERVAL=3, start: 2000-02-29T02:30",
            "rrule: FREQ=YEARLY;BYWEEKNO=20, start: 2001-01-31T02:30",
            "rrule: FREQ=DAILY;INTERVAL=11;UNTIL=20400101T000000, start: 2001-01-31T02:30",
        })
        {
            var text = when + ", zone: Europe/Berlin";
            var steps = Job(text).When.Fires(DateTimeOffset.MinValue, 120);
            for (var i = steps.Count - 2; i > 0; i -= 3)
                Assert.Equal((text, steps[i + 1]), (text, Job(text).When.Next(steps[i])!.Value));
        }
    }

    /// <summary>How long it takes is printed, for people.</summary>
    [Fact]
    public void Ten_thousand_schedules_are_reckoned()
    {
        string[] kinds =
        [
            "cron: '0 {0} 9 ? * MON-FRI'", "cron: '0 {0} 1 L * ?'", "every: R/2020-01-01T00:{0}/P1D",
            "every: R/2020-01-01T00:{0}/P1M",
            "rrule: FREQ=DAILY, start: 2020-01-01T00:{0}", "rrule: FREQ=MONTHLY;BYDAY=-1FR, start: 2020-01-01T00:{0}",
        ];
        var jobs = Enumerable.Range(0, 10_000).AsParallel()
            .Select(i => Job(string.Format(null, kinds[i % kinds.Length], i % 50 + 10)
            + ", zone: Europe/Berlin, days: { except: [ 12-25 ] }")).ToList();
        var watch = Stopwatch.StartNew();
        Assert.All(jobs, job => Assert.NotNull(job.NextFire(Now)));
        output.WriteLine($"first: {watch.ElapsedMilliseconds} ms");
        watch.Restart();
        Assert.All(jobs, job => Assert.NotNull(job.NextFire(Now)));
        output.WriteLine($"again: {watch.ElapsedMilliseconds} ms");
    }

    private static ScalingSchedule Job(string rest)
    {
        var (job, problems) = ScheduleParser.Parse("f", $"{{ name: n, app: /a, instances: 1, {rest} }}");
        Assert.Empty(problems);
        return job!;
    }
}
