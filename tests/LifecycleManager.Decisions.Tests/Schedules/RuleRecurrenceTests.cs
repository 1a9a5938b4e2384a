using System.Text.Json;
using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Decisions.Tests.Schedules;

/// <summary>Recurrence rules beside python-dateutil: <c>Data/calendars/rrule.jsonl</c>.</summary>
public sealed class RuleRecurrenceTests(ITestOutputHelper output)
{
    private const string OfWeeks = "the days of a year's first or last week that are in the year beside: with an interval of years the "
        + "library counts them to the week's year, dateutil to their own; the standard does not say";

    /// <summary>Where the answers differ, and why.</summary>
    private static readonly Dictionary<string, string> Differences = Vectors.Reasons((OfWeeks, "r362 r469 r485"));

    [Fact]
    public void The_first_fires_are_those_of_others()
    {
        var different = new List<string>();
        foreach (var vector in Vectors.Read("rrule.jsonl"))
        {
            var wanted = Vectors.Times(vector.Text("at"));
            if (wanted.Count == 0)
            {
                Assert.Contains("never fires", Assert.Throws<FormatException>(() => Rule(vector)).Message, StringComparison.Ordinal);
                continue;
            }

            var fires = Rule(vector).Fires(DateTimeOffset.MinValue, wanted.Count);
            if (!fires.SequenceEqual(wanted)) different.Add(vector.Text("id"));
        }

        foreach (var id in different)
            output.WriteLine($"{id}: {Differences.GetValueOrDefault(id, "unexplained")}");
        Assert.Equal(Differences.Keys.Order(), different.Order());
    }

    [Fact]
    public void Fires_are_the_same_from_wherever_they_are_asked_for()
    {
        foreach (var vector in Vectors.Read("rrule.jsonl").Where(vector => vector.Text("at").Length > 0))
        {
            var all = Rule(vector).Fires(DateTimeOffset.MinValue, 60);
            for (var i = all.Count - 2; i >= 0; i -= 7)
            {
                // Anew each time, so that nothing is known from before.
                Assert.True(Rule(vector).Next(all[i]) == all[i + 1], $"{vector} after {all[i]:O}");
                Assert.True(Rule(vector).Next(all[i + 1].AddTicks(-1)) == all[i + 1], $"{vector} just before {all[i + 1]:O}");
            }
        }
    }

    private static RuleRecurrence Rule(JsonElement vector)
    {
        var zone = vector.Zone();
        return RuleRecurrence.Parse(vector.Text("rrule"), Start(), zone,
            Dates("exdate"), Dates("rdate"));

        DateTime Start() =>
            LocalTimes.TryParseLocal(vector.Text("start"), zone, out var local) ? local : throw new FormatException();

        DateTimeOffset Instant(string text) =>
            LocalTimes.TryParse(text, zone, out var instant) ? instant : throw new FormatException(text);

        IEnumerable<DateTimeOffset> Dates(string key) => vector.TryGetProperty(key, out var dates)
            ? dates.EnumerateArray().Select(date => Instant(date.GetString()!)) : [];
    }
}
