using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace LifecycleManager.Decisions.Schedules;

/// <summary>The text of one event, and where it begins.</summary>
internal sealed record CalendarEventText(string Uid, int Line, string Text);

/// <summary>
/// The events of a calendar file with their places: what is wrong is told with its line, and what the library would pass over in
/// silence (a date that is none) is found.
/// </summary>
internal sealed partial class CalendarLines
{
    private const int MostEvents = 10_000;
    private static readonly string[] Dates = ["DTSTART", "DTEND", "EXDATE", "RDATE", "RECURRENCE-ID"];
    private readonly List<CalendarEventText> _events = [];
    private readonly List<string> _zones = [];
    private readonly Stack<(string Name, int Line)> _open = [];
    private readonly StringBuilder _component = new();
    private string? _uid;
    private bool _hasStart;
    private bool _isCalendar;

    private CalendarLines()
    {
    }

    public IReadOnlyList<CalendarEventText> Events => _events;

    public IReadOnlyList<string> Zones => _zones;

    /// <exception cref="CalendarException">It is no calendar, or a line is wrong.</exception>
    public static CalendarLines Read(string text)
    {
        var lines = new CalendarLines();
        foreach (var (line, content) in Unfold(text)) lines.Take(line, content);
        if (lines._open.TryPeek(out var open))
            throw new CalendarException(open.Line, $"BEGIN:{open.Name} has no END: the file is cut off");
        return lines._isCalendar ? lines : throw new CalendarException(1, "this is no calendar file: BEGIN:VCALENDAR is missing");
    }

    private static IEnumerable<(int Line, string Content)> Unfold(string text)
    {
        var (number, start, content) = (0, 1, new StringBuilder());
        foreach (var raw in text.TrimStart('\uFEFF').Split('\n'))
        {
            number++;
            var line = raw.TrimEnd('\r');
            if (line is [' ' or '\t', ..] && content.Length > 0)
            {
                content.Append(line, 1, line.Length - 1);
                continue;
            }

            if (content.Length > 0) yield return (start, content.ToString());
            content.Clear().Append(line);
            start = number;
        }

        if (content.Length > 0) yield return (start, content.ToString());
    }

    private void Take(int line, string content)
    {
        if (string.IsNullOrWhiteSpace(content)) return;
        if (LinePattern().Match(content) is not { Success: true } match)
            throw new CalendarException(line, $"'{Short(content)}' is no line of a calendar");
        var (name, value) = (match.Groups["name"].Value.ToUpperInvariant(), match.Groups["value"].Value.Trim());
        if (name == "BEGIN")
        {
            Begin(line, value.ToUpperInvariant());
        }
        else if (_open.Count == 0)
        {
            throw new CalendarException(line, "this is no calendar file: it does not begin with BEGIN:VCALENDAR");
        }
        else if (_open.Count == 2 && _open.Peek().Name == "VEVENT")
        {
            Property(line, name, value);
        }

        if (_open.Count >= 2) _component.Append(content).Append("\r\n");
        if (name == "END") End(line, value.ToUpperInvariant());
    }

    private void Begin(int line, string name)
    {
        if (_open.Count == 0 && name != "VCALENDAR")
            throw new CalendarException(line, $"BEGIN:{name} is not within BEGIN:VCALENDAR");
        if (_open.Count > 10) throw new CalendarException(line, "components nest too deep");
        _isCalendar = true;
        _open.Push((name, line));
        if (_open.Count == 2) (_uid, _hasStart) = (null, false);
        if (_open.Count == 2) _component.Clear();
    }

    private void End(int line, string name)
    {
        var (open, at) = _open.Pop();
        if (open != name) throw new CalendarException(line, $"END:{name} ends BEGIN:{open} of line {at}");
        if (_open.Count != 1) return;
        if (name == "VTIMEZONE") _zones.Add(_component.ToString());
        if (name != "VEVENT") return;
        if (!_hasStart) throw new CalendarException(at, "the event has no DTSTART");
        if (_events.Count == MostEvents) throw new CalendarException(at, $"the calendar has more than {MostEvents} events");
        _events.Add(new CalendarEventText(_uid ?? $"line {at}", at, _component.ToString()));
    }

    private void Property(int line, string name, string value)
    {
        if (name == "UID") _uid = value;
        if (name == "DTSTART") _hasStart = true;
        if (Array.IndexOf(Dates, name) >= 0)
        {
            foreach (var date in value.Split(','))
            {
                if (!IsDate(date.Split('/')[0])) throw new CalendarException(line, $"{name}: '{Short(date)}' is not a date");
            }
        }

        if (name == "DURATION" && !DurationPattern().IsMatch(value))
            throw new CalendarException(line, $"DURATION: '{Short(value)}' is not a duration");
        if (name == "RRULE" && SubDailyPattern().IsMatch(value))
            throw new CalendarException(line, "an event that recurs within a day says nothing about days");
    }

    private static bool IsDate(string text) => DateTime.TryParseExact(text.TrimEnd('Z'),
        text.Length > 8 ? "yyyyMMdd'T'HHmmss" : "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    private static string Short(string text) => text.Length <= 40 ? text : text[..37] + "...";

    [GeneratedRegex("""^(?<name>[A-Za-z0-9-]+)(;("[^"]*"|[^":])*)?:(?<value>.*)$""", RegexOptions.ExplicitCapture
        | RegexOptions.NonBacktracking)]
    private static partial Regex LinePattern();

    [GeneratedRegex(@"^[+-]?P(\d{1,5}W|(\d{1,5}D)?(T(\d{1,7}H)?(\d{1,7}M)?(\d{1,7}S)?)?)$", RegexOptions.ExplicitCapture)]
    private static partial Regex DurationPattern();

    [GeneratedRegex("FREQ=(HOURLY|MINUTELY|SECONDLY)", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase)]
    private static partial Regex SubDailyPattern();
}
