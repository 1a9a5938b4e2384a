using System.Diagnostics;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Decisions.Tests.Schedules;

/// <summary>Whatever is accepted goes forward, is the same from wherever it is asked for, and comes to an answer.</summary>
public sealed class RecurrenceFuzzTests(ITestOutputHelper output)
{
    private const int Texts = 2_000;
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);
    private readonly Random _random = new(11);

    [Fact]
    public void Whatever_is_accepted_goes_forward_and_comes_to_an_answer()
    {
        var (taken, slowest) = (0, (Time: TimeSpan.Zero, Text: ""));
        for (var i = 0; i < Texts; i++)
        {
            var zone = Any("UTC", "Europe/Berlin", "Australia/Lord_Howe");
            var text = $"{{ name: n, app: /a, instances: 1, {When()}, zone: {zone}{Days()} }}";
            var watch = Stopwatch.StartNew();
            if (Look(text)) taken++;
            if (watch.Elapsed > slowest.Time) slowest = (watch.Elapsed, text);
        }

        output.WriteLine($"{taken} of {Texts} are taken; the slowest in {slowest.Time.TotalMilliseconds:0} ms: {slowest.Text}");
        Assert.InRange(taken, 1_000, Texts);
    }

    private static bool Look(string text)
    {
        if (ScheduleParser.Parse("f", text).Schedule is not { } job) return false;
        var (steps, after) = (new List<DateTimeOffset>(), Now);
        while (steps.Count < 12 && job.NextFire(after) is { } next)
        {
            Assert.True(next > after, text);
            Assert.True(job.Days?.Includes(DateOnly.FromDateTime(LocalTimes.Of(next, job.Zone))) != false, text);
            steps.Add(after = next);
        }

        foreach (var (before, step) in steps.Zip(steps.Skip(1)))
        {
            var anew = ScheduleParser.Parse("f", text).Schedule!.NextFire(before);
            Assert.True(anew == step, $"{text} after {before:O}: {step:O}, and asked anew {anew:O}");
        }

        foreach (var far in new[] { DateTimeOffset.MinValue, DateTimeOffset.MaxValue, Now.AddYears(5000) }) job.NextFire(far);
        return true;
    }

    private string When() => _random.Next(4) switch
    {
        0 => $"every: '{Any("R", "R3", "R400", "R99999")}/"
            + $"{Any("1999-01-31T02:30", "2026-03-29T02:30+01:00", "2024-02-29T00:00Z")}/"
            + Any("P1M", "P1Y", "P17M3D", "P1D", "PT10S", "PT36H", "P1M1DT1S", "P0.5D", "P3W", "P1Y2M3DT4H5M6S", "P900Y") + "'",
        1 => $"cron: '{Any("0", "0/20", "59")} {Any("0", "*", "7/13", "30")} {Any("2", "*", "1-3", "22-2", "0/7")} "
            + Any("* * ?", "31 * ?", "29 2 ?", "L * ?", "LW 2 ?", "15W * ?", "L-30 * ?", "? * MON#5", "? 2 6L")
            + Any("", " 2027", " 2026-2032/3", " 2099") + "'",
        _ => $"rrule: 'FREQ={Any("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")}"
            + string.Concat(Enumerable.Range(0, _random.Next(5)).Select(_ => ";" + Part()))
            + $"', start: {Any("2001-01-31T02:30", "2000-02-29T00:00", "2024-10-27T02:30", "2026-11-30T23:59")}",
    };

    private string Part() => _random.Next(12) switch
    {
        0 or 1 => $"INTERVAL={_random.Next(1, 40)}",
        2 => $"COUNT={_random.Next(1, 400)}",
        3 => Numbers("BYMONTH", 1, 12),
        4 => Numbers("BYMONTHDAY", -31, 31),
        5 => Numbers("BYYEARDAY", -366, 366),
        6 => Numbers("BYWEEKNO", -53, 53),
        7 => Numbers("BYHOUR", 0, 23),
        8 => Numbers("BYMINUTE", 0, 59),
        9 => Numbers("BYSETPOS", -5, 5),
        10 => "BYDAY=" + Any("MO", "TU,SA", "SU,WE", "1FR", "-1MO,2TU", "5TH"),
        _ => Any("WKST=MO", "WKST=SU", "WKST=WE", "UNTIL=20290101T000000Z"),
    };

    private string Days() =>
        Any("", "", ", days: business", ", days: { only: 02-29, except: mon-thu }", ", days: { except: mon-sun }",
        ", days: 2001-05-05");

    private string Numbers(string key, int least, int most) =>
        $"{key}={string.Join(',', Enumerable.Range(0, _random.Next(1, 4)).Select(_ => _random.Next(least, most + 1)))}";

    private string Any(params string[] words) => words[_random.Next(words.Length)];
}
