using System.Globalization;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Decisions.Tests.Policies;

/// <summary>Scheduled scaling jobs as files and requests have them; what is wrong is told once, with its place.</summary>
public sealed class ScheduleParserTests
{
    private const string Good = """
        schedules:
          - name: nightly-batch
            description: the reports of the night
            app: /batch/worker
            cron: '0 0 1 * * ?'
            zone: Europe/Berlin
            days: { only: [ mon-fri, sun ], except: [ holidays.ics, 2026-12-24, 12-31 ] }
            instances: 20
            metrics:
              queue: { rabbitmq: batch }
            until: queue == 0
            latest: '05:00'
            for: 3h
            then: 2
            misfire: fire within 1h
            before: { url: https://hooks.example/start, required: true }
            after: https://hooks.example/end
            dryRun: true
          - { name: once, app: [ /a, '/b/*' ], once: '2026-12-24T18:00', min: 3, max: 9, misfire: skip }
        """;

    private const string Calendar = """
        BEGIN:VCALENDAR
        BEGIN:VEVENT
        UID:1
        DTSTART;VALUE=DATE:20261225
        DTEND;VALUE=DATE:20261227
        END:VEVENT
        END:VCALENDAR
        """;

    [Fact]
    public void Everything_that_a_schedule_says_is_read()
    {
        var asked = new List<string>();
        var file = PolicyParser.Parse("rules/jobs.yml", Good, path =>
        {
            asked.Add(path);
            return Calendar;
        });
        Assert.Empty(file.Problems);
        Assert.Equal(["rules/holidays.ics"], asked);
        Assert.Equal(["nightly-batch", "once"], file.Names);
        var job = file.Jobs[0];
        Assert.Equal("the reports of the night", job.Description);
        Assert.Equal("rules/jobs.yml:2:5", job.Place.ToString());
        Assert.Equal(("/batch/worker", "0 0 1 * * ?", "Europe/Berlin"), (job.App.Text, job.When.Text, job.Zone.Id));
        Assert.Equal("mon-fri, sun except holidays.ics, 2026-12-24, 12-31", job.Days!.Text);
        Assert.Equal(new ScheduledCount(20), job.Count);
        Assert.Equal(("queue == 0", "05:00", TimeSpan.FromHours(3), 2),
            (job.End!.Until!.Text, job.End.At!.Text, job.End.For, job.End.Then));
        Assert.Equal(new MisfirePolicy(MisfireKind.Fire, TimeSpan.FromHours(1)), job.Misfire);
        Assert.Equal(new ScheduleHook(new Uri("https://hooks.example/start"), true), job.Before);
        Assert.Equal(new ScheduleHook(new Uri("https://hooks.example/end"), false), job.After);
        Assert.True(job.DryRun);
        Assert.Equal("batch", Assert.Single(job.End.Until.Demands(new("/batch/worker", null))).Query.Selector);

        var once = file.Jobs[1];
        Assert.Equal(("/a, /b/*", new ScheduledCount(null, 3, 9), MisfireKind.Skip, null),
            (once.App.Text, once.Count, once.Misfire.Kind, once.End));
        Assert.Equal(new DateTimeOffset(2026, 12, 24, 18, 0, 0, TimeSpan.Zero), once.NextFire(DateTimeOffset.UnixEpoch));

        // 23 December is a Wednesday; Christmas Eve, the calendar's two days and Saturday are left out.
        var fire = new DateTimeOffset(2026, 12, 23, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(fire, job.NextFire(fire.AddTicks(-1)));
        Assert.Equal(fire.AddDays(4), job.NextFire(fire));
        Assert.Equal(fire.AddHours(3), job.End.Latest(fire));
    }

    [Theory]
    [InlineData("cron: '0 1 * * *'", "1:27: error: '0 1 * * *' has no seconds: five fields are the cron of Unix; "
        + "as Quartz writes it: '0 0 1 * * ?'")]
    [InlineData("cron: '0 0 25 * * ?'", "1:27: error: '0 0 25 * * ?' is not a cron expression: ")]
    [InlineData("cron: '0 0 0 30 2 ?'", "1:27: error: '0 0 0 30 2 ?' never fires")]
    [InlineData("cron: '*/5 * * * * ?'", "1:27: error: '*/5 * * * * ?': a schedule fires at most each 10 seconds")]
    [InlineData("cron: '0,55 * * * * ?'", "1:27: error: '0,55 * * * * ?': a schedule fires at most each 10 seconds")]
    [InlineData("cron: daily", "1:27: error: 'daily' is not a cron expression")]
    [InlineData("once: tomorrow", "1:27: error: 'tomorrow' is not a date and time (once: 2026-12-24T18:00)")]
    [InlineData("once: 2026-02-29T00:00", "1:27: error: '2026-02-29T00:00' is not a date and time")]
    [InlineData("every: PT1H", "1:28: error: 'PT1H': a repeating interval is R or R5")]
    [InlineData("every: R/2026-01-01T00:00/PT1S", "1:28: error: 'R/2026-01-01T00:00/PT1S': a schedule fires at most")]
    [InlineData("every: R0/2026-01-01T00:00/P1D", "1:28: error: 'R0/2026-01-01T00:00/P1D' never fires")]
    [InlineData("every: R/P1D/2026-01-01T00:00", "1:28: error: 'R/P1D/2026-01-01T00:00': before an end, R needs a count")]
    [InlineData("rrule: FREQ=DAILY", "1:1: error: a schedule needs 'start' (start: 2026-01-05T09:00")]
    [InlineData("rrule: FREQ=SECONDLY, start: 2026-01-01T00:00", "1:28: error: FREQ=SECONDLY: a schedule fires at most")]
    [InlineData("rrule: FREQ=DALY, start: 2026-01-01T00:00", "1:28: error: The recurrence rule part 'freq'")]
    [InlineData("rrule: FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30, start: 2026-01-01T00:00", "1:28: error: 'FREQ=YEARLY;BYMONTH=2;")]
    [InlineData("rrule: FREQ=DAILY, start: soon", "1:47: error: 'start' must be a date and time, not 'soon'")]
    [InlineData("rrule: FREQ=DAILY, start: 2026-01-01T00:00, exdate: [ x ]", "1:75: error: 'exdate' must be a date and time")]
    [InlineData("rrule: FREQ=DAILY, start: 2026-01-01T00:00, rdate: 2026-01-02T00:00:05",
        "1:28: error: an added date: a schedule")]
    [InlineData("start: 2026-01-01T00:00, cron: 0 0 1 * * ?", "1:21: error: 'start' goes with 'rrule' alone")]
    [InlineData("cron: 0 0 1 * * ?, once: 2026-12-24T18:00", "1:1: error: a schedule needs just one time (one of once, cron")]
    [InlineData("dryRun: false", "1:1: error: a schedule needs a time (one of once, cron, every, rrule)")]
    public void A_wrong_time_is_refused_with_its_place(string when, string problem) =>
        Refused($"{{ name: n, app: /a, {when}, instances: 1 }}", problem);

    [Theory]
    [InlineData("", "1:1: error: a schedule sets nothing (give instances: 20, or min and max)")]
    [InlineData("instances: 1, min: 1", "1:1: error: a schedule has a count and bounds")]
    [InlineData("instances: many", "2:12: error: 'instances' must be a whole number from 0 to 1000000, not 'many'")]
    [InlineData("min: 5, max: 2", "2:6: error: 'min' 5 is more than 'max' 2")]
    [InlineData("instances: 1, zone: Europe/Berlim",
        "2:21: error: unknown time zone 'Europe/Berlim' (did you mean 'Europe/Berlin'?)")]
    [InlineData("instances: 1, until: healthy == 0", "2:15: error: 'until' needs a latest end: a condition may never hold")]
    [InlineData("instances: 1, then: 0", "2:15: error: 'then' comes after an end, and there is none")]
    [InlineData("instances: 1, for: 1h, until: queue == 0", "2:31: error: unknown name 'queue'")]
    [InlineData("instances: 1, for: 1h, until: max == 0",
        "2:31: error: 'max' is a bound of a policy, which a schedule does not have")]
    [InlineData("instances: 1, for: 1h, until: healthy", "2:31: error: expected a condition, but this is a number")]
    [InlineData("instances: 1, for: 1h, until: 1 > 2", "2:31: error: '1 > 2' never changes")]
    [InlineData("instances: 1, for: 1h, metrics: { q: { redis: x, server: 1, colour: red } }, until: q == 0",
        "2:61: error: the metric 'q' has no key 'colour'")]
    [InlineData("instances: 1, latest: 4h", "2:23: error: 'latest' must be a time of day, not '4h' (for: 4h)")]
    [InlineData("instances: 1, for: 0s", "2:20: error: 'for' must be a positive duration")]
    [InlineData("instances: 1, misfire: maybe", "2:24: error: 'misfire' must be fire, skip or fire within 1h, not 'maybe'")]
    [InlineData("instances: 1, misfire: fire within 60d", "2:24: error: 'misfire' must be fire, skip or fire within 1h")]
    [InlineData("instances: 1, before: ftp://x", "2:23: error: 'before' needs the address of a web hook, not 'ftp://x'")]
    [InlineData("instances: 1, before: { required: true }", "2:23: error: 'before' needs 'url'")]
    [InlineData("instances: 1, before: { url: https://x, must: true }", "2:41: error: 'before' has no key 'must'")]
    [InlineData("instances: 1, after: https://x", "2:15: error: 'after' is never called: the schedule has no end")]
    [InlineData("instances: 1, for: 1h, after: { url: https://x, required: true }",
        "2:49: error: nothing waits for the hook 'after'")]
    [InlineData("instances: 1, day: business", "2:15: error: a schedule has no key 'day' (did you mean 'days'?)")]
    [InlineData("instances: 1, days: bussiness", "2:21: error: 'bussiness' is no day (did you mean 'business'?)")]
    [InlineData("instances: 1, days: { onyl: mon }", "2:21: error: 'days' says nothing", "2:23: error: 'days' has no key 'onyl'")]
    [InlineData("instances: 1, days: []", "2:21: error: 'days' names no day")]
    [InlineData("instances: 1, days: 13-01", "2:21: error: '13-01' is no day")]
    [InlineData("instances: 1, days: 2026-02-29", "2:21: error: '2026-02-29' is no day")]
    [InlineData("instances: 1, days: holidays.ics", "2:21: error: the calendar file 'holidays.ics' cannot be read here")]
    public void What_else_is_wrong_is_refused_with_its_place(string rest, params string[] problems) =>
        Refused($"{{ name: n, app: /a, cron: 0 0 1 * * ?,\n{rest} }}", problems);

    [Fact]
    public void A_calendar_file_that_is_wrong_is_told_with_its_line()
    {
        const string Job = "schedules:\n  - { name: n, app: /a, cron: 0 0 1 * * ?, instances: 1, days: { except: x.ics } }";
        Assert.Equal("rules/f.yml:2:74: error: rules/x.ics:4: DTSTART: '20261399' is not a date",
            Problem(_ => Calendar.Replace("20261225", "20261399", StringComparison.Ordinal)));
        Assert.StartsWith("rules/f.yml:2:74: error: the calendar file 'x.ics' cannot be read: it is not there",
            Problem(_ => throw new FileNotFoundException("it is not there")), StringComparison.Ordinal);

        static string Problem(Func<string, string> read)
        {
            var file = PolicyParser.Parse("rules/f.yml", Job, read);
            Assert.Empty(file.Jobs);
            return Assert.Single(file.Problems).ToString();
        }
    }

    [Fact]
    public void A_document_of_schedules_stands_beside_others_and_names_are_unique()
    {
        const string Job = "{ name: n, app: /a, cron: 0 0 1 * * ?, instances: 1 }";
        var file = PolicyParser.Parse("f.yml", $"schedules: [ {Job} ]\n---\nbudget: n\napps: /a\ninstances: 3");
        Assert.Empty(file.Problems);
        Assert.Equal(["n", "n"], file.Names);
        Assert.Empty(file.Without("n").Names);
        Assert.Equal("f.yml:3:5: error: a schedule 'n' is in this file already (on line 2)",
            Assert.Single(PolicyParser.Parse("f.yml", $"schedules:\n  - {Job}\n  - {Job}").Problems).ToString());
        Assert.Equal("f.yml:1:1: error: a document is a policy, a coordination, a budget or schedules, not 'schedule' "
            + "(did you mean 'schedules'?)",
                Assert.Single(PolicyParser.Parse("f.yml", $"schedule: [ {Job} ]").Problems).ToString());
        Assert.Equal("f.yml:1:12: error: 'schedules' must be a list of schedules, not a mapping (start each schedule with "
            + "'- name: a name')", Assert.Single(PolicyParser.Parse("f.yml", $"schedules: {Job}").Problems).ToString());
    }

    [Fact]
    public void A_request_gives_a_schedule_as_json()
    {
        var (schedule, problems) = ScheduleParser.Parse("request",
            """
            {
              "name": "n", "app": "/a", "rrule": "FREQ=MONTHLY;BYDAY=-1FR", "start": "2026-01-01T18:00",
              "instances": 3, "days": ["business"]
            }
            """);
        Assert.Empty(problems);
        Assert.Equal(new DateTimeOffset(2026, 1, 30, 18, 0, 0, TimeSpan.Zero), schedule!.NextFire(DateTimeOffset.UnixEpoch));
        Assert.Equal("request:2:1: error: could not be parsed as YAML", Wrong("{").ToString()[..47]);
        Assert.Equal("one schedule is needed, as a mapping", Wrong("").Message);
        Assert.Equal("a schedule must be a mapping, not a list", Wrong("[]").Message);
        Assert.Equal("too-long", Wrong(new string(' ', ScheduleParser.MaxLength + 1)).Code);

        static PolicyProblem Wrong(string text)
        {
            var (schedule, problems) = ScheduleParser.Parse("request", text);
            Assert.Null(schedule);
            return Assert.Single(problems);
        }
    }

    [Fact]
    public void A_digest_is_of_what_is_said_and_of_the_calendars()
    {
        Assert.Equal(Digest(Good, Calendar), Digest("# a comment\n" + Good, Calendar));
        Assert.NotEqual(Digest(Good, Calendar), Digest(Good.Replace("20", "21", StringComparison.Ordinal), Calendar));
        Assert.NotEqual(Digest(Good, Calendar), Digest(Good, Calendar.Replace("1225", "1224", StringComparison.Ordinal)));

        static string Digest(string text, string calendar) => PolicyParser.Parse("f.yml", text, _ => calendar).Jobs[0].Digest;
    }

    private static void Refused(string text, params string[] wanted)
    {
        var (schedule, problems) = ScheduleParser.Parse("f", text);
        Assert.Null(schedule);
        var told = problems.Select(problem => problem.ToString()).ToList();
        Assert.True(told.Count == wanted.Length
            && told.Zip(wanted).All(pair => pair.First.StartsWith("f:" + pair.Second, StringComparison.Ordinal)),
            string.Create(CultureInfo.InvariantCulture, $"{text}\n{string.Join('\n', told)}"));
    }
}
