using LifecycleManager.Decisions.Tools;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Decisions.Tests.Tools.Analysis;

/// <summary>What <c>lcm policy check</c> says of schedules.</summary>
public sealed class ScheduleAnalysisTests
{
    private const string Night = "{ name: night, app: /a, cron: '0 0 1 * * ?', instances: 20, latest: '05:00' }";
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 30, 12, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData("{ name: b, app: /a, cron: '0 0 3 24 * ?', instances: 2 }", "20 and 2 of /a at 2026-12-24 03:00 (UTC)")]
    [InlineData("{ name: b, app: '/*', cron: '0 0 1 * * ?', instances: 2 }", "20 and 2 of /* at 2026-12-01 01:00 (UTC)")]
    [InlineData("{ name: b, app: /a, cron: '0 30 0 ? * SUN', max: 10, for: 1h }",
        "20 and at most 10 of /a at 2026-12-06 01:00 (UTC)")]
    [InlineData("{ name: b, app: /a, once: '2026-12-24T05:30', min: 30, for: 1h, zone: Europe/Berlin }",
        "20 and at least 30 of /a at 2026-12-24 05:30 (Europe/Berlin)")]
    [InlineData("{ name: b, app: /a, cron: '0 0 5 * * ?', instances: 2 }", null)]
    [InlineData("{ name: b, app: /a, cron: '0 0 3 * * ?', instances: 20 }", null)]
    [InlineData("{ name: b, app: /b, cron: '0 0 3 * * ?', instances: 2 }", null)]
    [InlineData("{ name: b, app: { labels: { team: x } }, cron: '0 0 3 * * ?', instances: 2 }", null)]
    [InlineData("{ name: b, app: /a, cron: '0 0 3 * * ?', min: 2, max: 20, for: 1h }", null)]
    [InlineData("{ name: b, app: /a, once: '2027-03-01T03:00', instances: 2 }", null)]
    public void Schedules_that_contradict_each_other_are_named_both(string other, string? at)
    {
        var found = Check($"schedules:\n  - {Night}\n  - {other}");
        if (at is null) Assert.Empty(found);
        else
        {
            Assert.Equal($"f.yml:3:5: warning: the schedules 'night' and 'b' contradict each other: {at} "
                + "('night' is at f.yml:2:5; let one end before the other begins)", Assert.Single(found));
        }
    }

    [Theory]
    [InlineData("once: '2026-11-01T00:00'", "never fires again: '2026-11-01T00:00' is over")]
    [InlineData("cron: '0 0 0 1 1 ? 2020'", "never fires again: '0 0 0 1 1 ? 2020' is over")]
    [InlineData("cron: '0 0 9 ? * SUN', days: business", "never fires again: 'days' leaves out each day on which it would")]
    public void What_never_fires_again_is_told(string when, string said) =>
        Assert.Equal($"f.yml:2:5: warning: the schedule 'n' {said}",
        Assert.Single(Check($"schedules:\n  - {{ name: n, app: /a, {when}, instances: 1 }}")));

    [Fact]
    public void A_count_afterwards_sets_nothing_where_a_policy_decides()
    {
        const string Policy = "---\npolicy: p\napp: /a\ninstances: { min: 1, max: 9 }\nrules: []\n";
        const string Job = "schedules:\n  - { name: n, app: /a, cron: '0 0 1 * * ?', instances: 3, for: 1h, then: 2 }\n";
        Assert.Empty(Check(Job));
        Assert.StartsWith("f.yml:2:5: warning: 'then: 2' of the schedule 'n' sets nothing", Assert.Single(Check(Job + Policy)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_counts_schedules_and_says_when_they_fire_next_and_calendars_lie_beside()
    {
        var files = new MemoryFiles(new Dictionary<string, string>
        {
            ["rules/jobs.yml"] = $"schedules:\n  - {Night}\n"
                + "  - { name: b, app: /b, cron: '0 0 3 * * ?', zone: Europe/Berlin, min: 2, max: 4, "
                + "days: { except: ../ics/x.ics } }",
            ["ics/x.ics"] = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261201\nEND:VEVENT\nEND:VCALENDAR",
        });
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter());
        Assert.Equal(0, PolicyCheck.Run(files.Files.Keys, CheckFormat.Text, strict: true, output, error, files, time: _time));
        Assert.Equal("""
            0 policies, 2 schedules in 1 file: 0 errors, 0 warnings
            night: 20 of /a next at Tue 2026-12-01 01:00:00 (UTC)
            b: 2 to 4 of /b next at Wed 2026-12-02 03:00:00 (Europe/Berlin)

            """, output.ToString());
        Assert.Empty(error.ToString());
    }

    [Fact]
    public void Two_files_cannot_have_a_schedule_of_one_name()
    {
        var files = new MemoryFiles(new Dictionary<string, string>
        {
            ["a.yml"] = $"schedules: [ {Night} ]",
            ["b.yml"] = $"schedules: [ {Night} ]",
        });
        var output = new StringWriter();
        Assert.Equal(1, PolicyCheck.Run(files.Files.Keys, CheckFormat.Text, strict: false, output, output, files, time: _time));
        Assert.Contains("b.yml:1:14: error: a schedule 'night' is defined already (at a.yml:1:14)", output.ToString(),
            StringComparison.Ordinal);
    }

    private List<string> Check(string text)
    {
        PolicyCheck.Check(["f.yml"], TextWriter.Null, new MemoryFiles([KeyValuePair.Create("f.yml", text)]), null,
            out var problems,
            out _, out _, time: _time);
        return [.. problems.Where(problem => problem.Code is not "no-rules").Select(problem => problem.ToString())];
    }
}
