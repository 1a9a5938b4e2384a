using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Decisions.Tests.Schedules;

/// <summary>Calendar files: the days of <c>Data/calendars/*.ics</c>, and what is wrong with others.</summary>
public sealed class CalendarFileTests
{
    [Fact]
    public void Events_cover_the_days_of_the_vectors()
    {
        foreach (var vector in Vectors.Read("ics-days.jsonl"))
        {
            var calendar = CalendarFile.Parse(File.ReadAllText(Vectors.Path(Path.GetFileName(vector.Text("file")))));
            var wanted = vector.GetProperty("days").EnumerateArray().Select(day => DateOnly.Parse(day.GetString()!, null)).ToList();
            var days = Enumerable.Range(2024, 5).SelectMany(year => calendar.Days(year, vector.Zone(), vector.Text("uid"))).Order();
            Assert.Contains(vector.Text("uid"), calendar.Uids);
            Assert.Equal(wanted, days);
        }
    }
}
