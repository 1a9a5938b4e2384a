using LifecycleManager.Decisions.Schedules;
using Quartz;

namespace LifecycleManager.Decisions.Tests.Schedules;

/// <summary>Quartz.NET beside Quartz: <c>Data/calendars/quartz.jsonl</c> and <c>quartz-refused.jsonl</c>.</summary>
public sealed class CronRecurrenceTests(ITestOutputHelper output)
{
    private const string Skipped = "a time that the clocks skip: Quartz leaves it out, Quartz.NET fires when the clocks are set";
    private const string Twice = "hours that come twice: of a list or a range Quartz.NET fires in both, Quartz in one";
    private const string Step = "MON-FRI/2: Quartz passes over the step";

    /// <summary>Where the answers differ, and why.</summary>
    private static readonly Dictionary<string, string> Differences = new()
    {
        ["q9"] = Skipped, ["q46"] = Skipped,
        ["q10"] = Twice, ["q36"] = Skipped, ["q74"] = Twice, ["q117"] = Twice, ["q174"] = Twice, ["q327"] = Twice, ["q370"] = Skipped,
        ["q84"] = Step, ["q127"] = Step, ["q167"] = Step, ["q216"] = Step, ["q254"] = Step,
    };

    [Fact]
    public void The_first_fires_are_those_of_others()
    {
        var different = new List<string>();
        foreach (var vector in Vectors.Read("quartz.jsonl"))
        {
            // Some fire more often than a schedule may: what is compared is the library.
            var cron = new CronExpression(vector.Text("cron"), vector.Zone());
            var wanted = Vectors.Seconds(vector.Text("fires"));
            var (fires, after) = (new List<DateTimeOffset>(), DateTimeOffset.FromUnixTimeSeconds(vector.GetProperty("after").GetInt64()));
            while (fires.Count < 10 && cron.GetNextValidTimeAfter(after) is { } next) fires.Add(after = next);
            if (!fires.SequenceEqual(wanted)) different.Add(vector.Text("id"));
        }

        foreach (var id in different)
            output.WriteLine($"{id}: {Differences.GetValueOrDefault(id, "unexplained")}");
        Assert.Equal(Differences.Keys.Order(), different.Order());
    }
}
