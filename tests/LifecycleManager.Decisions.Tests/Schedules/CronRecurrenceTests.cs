using LifecycleManager.Decisions.Schedules;
using Quartz;

namespace LifecycleManager.Decisions.Tests.Schedules;

/// <summary>Quartz.NET beside Quartz: <c>Data/calendars/quartz.jsonl</c> and <c>quartz-refused.jsonl</c>.</summary>
public sealed class CronRecurrenceTests(ITestOutputHelper output)
{
    private const string Skipped = "a time that the clocks skip: Quartz leaves it out, Quartz.NET fires once the clocks are set";
    private const string Twice = "hours that come twice: of a list or a range Quartz.NET fires in both, Quartz in one";
    private const string Step = "MON-FRI/2: Quartz passes over the step";
    private const string BothDays = "a day of the month and a week day: Quartz.NET fires on either";
    private const string Lenient = "Quartz passes over garbage";

    /// <summary>Where the answers differ, and why.</summary>
    private static readonly Dictionary<string, string> Differences = Vectors.Reasons(
        (Skipped, "q9 q36 q46 q370"), (Twice, "q10 q74 q117 q174 q327"), (Step, "q84 q127 q167 q216 q254"));

    /// <summary>What one takes and the other does not, and why.</summary>
    private static readonly Dictionary<string, string> Taken = Vectors.Reasons(
        (BothDays, "qi20 qi21 qi22 qi24"), (Lenient, "qi32 qi88 qi89 qi90 qi112 qi113 qi115"),
        ("a week day 0 that Quartz takes for Saturday", "qi40"), ("C, which means nothing in either", "qi136 qi137"),
        ("each 5 seconds is too often", "qi70"));

    [Fact]
    public void The_first_fires_are_those_of_others()
    {
        var different = new List<string>();
        foreach (var vector in Vectors.Read("quartz.jsonl"))
        {
            // Some fire more often than a schedule may: what is compared is the library.
            var cron = new CronExpression(vector.Text("cron"), vector.Zone());
            var (fires, after) = (new List<DateTimeOffset>(), DateTimeOffset.FromUnixTimeSeconds(vector.GetProperty("after").GetInt64()));
            while (fires.Count < 10 && cron.GetNextValidTimeAfter(after) is { } next) fires.Add(after = next);
            if (!fires.SequenceEqual(Vectors.Seconds(vector.Text("fires")))) different.Add(vector.Text("id"));
        }

        foreach (var id in different) output.WriteLine($"{id}: {Differences.GetValueOrDefault(id, "unexplained")}");
        Assert.Equal(Differences.Keys.Order(), different.Order());
    }

    [Fact]
    public void What_a_schedule_takes_fires_as_the_library_does()
    {
        var taken = 0;
        foreach (var vector in Vectors.Read("quartz.jsonl").Where(vector => !Differences.ContainsKey(vector.Text("id"))))
        {
            if (Parse(vector.Text("cron"), vector.Zone()) is not { } cron) continue;
            taken++;
            Assert.Equal(Vectors.Seconds(vector.Text("fires")),
                cron.Fires(DateTimeOffset.FromUnixTimeSeconds(vector.GetProperty("after").GetInt64()), 10));
        }

        // The rest never fires, or each few seconds.
        Assert.Equal(208, taken);
    }

    [Fact]
    public void What_is_refused_is_what_others_refuse()
    {
        var different = new List<string>();
        foreach (var vector in Vectors.Read("quartz-refused.jsonl"))
        {
            var (text, isTaken) = (vector.Text("cron"), Parse(vector.Text("cron"), TimeZoneInfo.Utc) is not null);
            // A schedule does not fire each second, whoever takes it; nor does what never fires.
            var takes = vector.GetProperty("valid").GetBoolean() && vector.Text("fires") is not ("" or "throws")
                && !vector.Text("fires").EndsWith("1*2", StringComparison.Ordinal);
            if (takes != isTaken) different.Add(vector.Text("id"));
        }

        foreach (var id in different) output.WriteLine($"{id}: {Taken.GetValueOrDefault(id, "unexplained")}");
        Assert.Equal(Taken.Keys.Order(), different.Order());
    }

    [Theory]
    [InlineData("0 30 2 * * ?", "2026-03-28T01:30:00Z 2026-03-29T01:00:00Z 2026-03-30T00:30:00Z")]
    [InlineData("0 0 3 * * ?", "2026-03-28T02:00:00Z 2026-03-29T01:00:00Z 2026-03-30T01:00:00Z")]
    public void A_time_that_is_skipped_fires_once(string text, string fires) => Assert.Equal(fires, Vectors.Show(
        Parse(text, Zone)!.Fires(new DateTimeOffset(2026, 3, 28, 0, 0, 0, TimeSpan.Zero), 3)));

    [Theory]
    [InlineData("0 30 2 * * ?", "2026-10-24T00:30:00Z 2026-10-25T00:30:00Z 2026-10-26T01:30:00Z")]
    [InlineData("0 0 * * * ?", "2026-10-24T00:00:00Z 2026-10-24T01:00:00Z 2026-10-24T02:00:00Z")]
    public void A_time_that_comes_twice_fires_once(string text, string fires) => Assert.Equal(fires, Vectors.Show(
        Parse(text, Zone)!.Fires(new DateTimeOffset(2026, 10, 23, 23, 0, 0, TimeSpan.Zero), 3)));

    [Fact]
    public void The_29th_of_February_comes_each_leap_year_and_a_year_that_is_past_does_not_come_again()
    {
        Assert.Equal("2028-02-29T00:00:00Z 2032-02-29T00:00:00Z", Vectors.Show(
            Parse("0 0 0 29 2 ?", TimeZoneInfo.Utc)!.Fires(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), 2)));
        var past = Parse("0 0 0 1 1 ? 2020", TimeZoneInfo.Utc)!;
        Assert.Null(past.Next(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)));
        Assert.NotNull(past.Next(DateTimeOffset.MinValue));
        Assert.Null(past.Next(DateTimeOffset.MaxValue));
    }

    [Theory]
    [InlineData("0/10 * * * * ?", true)]
    [InlineData("5,15,50 * * * * ?", true)]
    [InlineData("0,55 0 1 * * ?", false)]
    [InlineData("0/7 * * * * ?", false)]
    public void Seconds_are_ten_apart(string text, bool good) => Assert.Equal(good, Parse(text, TimeZoneInfo.Utc) is not null);

    private static TimeZoneInfo Zone => TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    private static CronRecurrence? Parse(string text, TimeZoneInfo zone)
    {
        try
        {
            return CronRecurrence.Parse(text, zone);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
