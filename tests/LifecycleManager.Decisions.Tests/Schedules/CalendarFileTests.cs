using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Decisions.Tests.Schedules;

/// <summary>Calendar files: the days of <c>Data/calendars/*.ics</c>, and what is wrong with others.</summary>
public sealed class CalendarFileTests
{
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    [Fact]
    public void Events_cover_the_days_of_the_vectors()
    {
        foreach (var vector in Vectors.Read("ics-days.jsonl"))
        {
            var calendar = CalendarFile.Parse(File.ReadAllText(Vectors.Path(Path.GetFileName(vector.Text("file")))));
            var wanted = vector.GetProperty("days").EnumerateArray().Select(day => DateOnly.Parse(day.GetString()!, null))
                .ToList();
            var days = Enumerable.Range(2024, 5).SelectMany(year => calendar.Days(year, vector.Zone(), vector.Text("uid")))
                .Order();
            Assert.Contains(vector.Text("uid"), calendar.Uids);
            Assert.Equal(wanted, days);
        }
    }

    [Theory]
    [InlineData("DTSTART;VALUE=DATE:20261230\nDTEND;VALUE=DATE:20270103", "2026-12-30 2026-12-31 2027-01-01 2027-01-02")]
    [InlineData("DTSTART;VALUE=DATE:20001225\nRRULE:FREQ=YEARLY\nDURATION:P2D\nEXDATE;VALUE=DATE:20261225",
        "2025-12-25 2025-12-26 2027-12-25 2027-12-26")]
    [InlineData("DTSTART;VALUE=DATE:20261201\nRDATE;VALUE=DATE:20261203,20261205", "2026-12-01 2026-12-03 2026-12-05")]
    [InlineData("DTSTART:20261224T223000Z\nDTEND:20261225T230000Z", "2026-12-24 2026-12-25")]
    [InlineData("DTSTART;TZID=America/New_York:20261224T200000\nDURATION:PT2H", "2026-12-25")]
    [InlineData("DTSTART:20261224T100000\nDTEND:20261225T000000", "2026-12-24")]
    [InlineData("DTSTART:20261224T100000", "2026-12-24")]
    [InlineData("DTSTART;VALUE=DATE:20260115\nRRULE:FREQ=MONTHLY;COUNT=2\nSTATUS:CANCELLED", "")]
    [InlineData("DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY;UNTIL=20290101", "2028-02-29")]
    public void An_event_covers_local_days(string lines, string days) => Assert.Equal(days, Days(Event(lines)));

    [Fact]
    public void An_exception_to_an_event_takes_its_day()
    {
        var text = Event("DTSTART;VALUE=DATE:20261201\nRRULE:FREQ=DAILY;COUNT=3")
            .Replace("END:VCALENDAR",
                "BEGIN:VEVENT\nUID:u\nRECURRENCE-ID;VALUE=DATE:20261202\nDTSTART;VALUE=DATE:20261210\nEND:VEVENT\n"
                + "END:VCALENDAR", StringComparison.Ordinal);
        Assert.Equal("2026-12-01 2026-12-03 2026-12-10", Days(text));
        Assert.Equal("2026-12-01 2026-12-03",
            Days(text.Replace("20261210", "20261210\nSTATUS:CANCELLED", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("", "1: this is no calendar file: BEGIN:VCALENDAR is missing")]
    [InlineData("hello", "1: 'hello' is no line of a calendar")]
    [InlineData("X:1\nBEGIN:VCALENDAR", "1: this is no calendar file: it does not begin with BEGIN:VCALENDAR")]
    [InlineData("BEGIN:VEVENT\nEND:VEVENT", "1: BEGIN:VEVENT is not within BEGIN:VCALENDAR")]
    [InlineData("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261224", "2: BEGIN:VEVENT has no END: the file is cut off")]
    [InlineData("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VTODO", "3: END:VTODO ends BEGIN:VEVENT of line 2")]
    [InlineData("BEGIN:VCALENDAR\n\nBEGIN:VEVENT\nUID:1\nEND:VEVENT", "3: the event has no DTSTART")]
    [InlineData("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTST\n ART:2026", "3: DTSTART: '2026' is not a date")]
    [InlineData("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261224\nEXDATE;VALUE=DATE:20261224,x",
        "4: EXDATE: 'x' is not a date")]
    [InlineData("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261224\nDURATION:1D", "4: DURATION: '1D' is not a duration")]
    [InlineData("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261224\nRRULE:FREQ=HOURLY",
        "4: an event that recurs within a day says nothing about days")]
    [InlineData("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261224\nRRULE:FREQ=DALY\nEND:VEVENT\nEND:VCALENDAR",
        "2: the event cannot be read: The recurrence rule part 'freq' or its value DALY is not supported")]
    [InlineData("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;TZID=Nowhere/Land:20261224T100000\nEND:VEVENT\nEND:VCALENDAR",
        "2: the event cannot be read: Unrecognized time zone id Nowhere/Land")]
    [InlineData("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261224\nDURATION:P400D\nEND:VEVENT\nEND:VCALENDAR",
        "2: the event cannot be read: an event covers at most 366 days")]
    public void What_is_wrong_is_told_with_its_line(string text, string problem)
    {
        var e = Assert.Throws<CalendarException>(() => CalendarFile.Parse(text));
        Assert.Equal(problem, $"{e.Line}: {e.Message}");
    }

    [Fact]
    public void A_calendar_that_is_too_long_is_refused() => Assert.Contains("longer than",
        Assert.Throws<CalendarException>(() => CalendarFile.Parse(new string('x', CalendarFile.MaxLength + 1))).Message,
        StringComparison.Ordinal);

    private static string Event(string lines) => $"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\n{lines}\nEND:VEVENT\nEND:VCALENDAR";

    private static string Days(string text)
    {
        var days = new CalendarDays(CalendarFile.Parse(text), Berlin);
        return string.Join(' ', Enumerable.Range(0, 3 * 365).Select(new DateOnly(2025, 6, 1).AddDays).Where(days.Includes)
            .Select(day => day.ToString("yyyy-MM-dd", null)));
    }
}
