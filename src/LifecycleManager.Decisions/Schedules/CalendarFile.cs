using System.Collections.Concurrent;
using Ical.Net;
using Ical.Net.CalendarComponents;
using Ical.Net.DataTypes;
using Ical.Net.Evaluation;

namespace LifecycleManager.Decisions.Schedules;

/// <summary>A calendar file is wrong.</summary>
internal sealed class CalendarException(int line, string message) : Exception(message)
{
    /// <summary>The line, from 1.</summary>
    public int Line => line;
}

/// <summary>An iCalendar file (RFC 5545) as the days that its events cover.</summary>
internal sealed class CalendarFile
{
    /// <summary>The longest file, in characters.</summary>
    public const int MaxLength = 1024 * 1024;

    private const int LongestEvent = 366;
    private static readonly EvaluationOptions Bounded = new() { MaxUnmatchedIncrementsLimit = 15_000 };
    private readonly IReadOnlyList<(string Uid, Calendar Calendar)> _events;

    private CalendarFile(IReadOnlyList<(string Uid, Calendar Calendar)> events) => _events = events;

    /// <summary>The identities of its events.</summary>
    public IEnumerable<string> Uids => _events.Select(one => one.Uid);

    /// <summary>Reads a file's text.</summary>
    /// <exception cref="CalendarException">It is no calendar, or an event is wrong.</exception>
    public static CalendarFile Parse(string text)
    {
        if (text.Length > MaxLength) throw new CalendarException(1, $"the calendar is longer than {MaxLength} characters");
        var lines = CalendarLines.Read(text);
        var zones = string.Concat(lines.Zones);
        return new CalendarFile([.. lines.Events.GroupBy(one => one.Uid, StringComparer.Ordinal).Select(Read)]);

        // An event and the exceptions to it have one identity.
        (string, Calendar) Read(IGrouping<string, CalendarEventText> same)
        {
            try
            {
                var calendar = Calendar.Load($"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{zones}"
                    + $"{string.Concat(same.Select(one => one.Text))}END:VCALENDAR\r\n")!;
                foreach (var one in calendar.Events)
                {
                    if (one.EffectiveDuration.ToTimeSpanUnspecified().TotalDays > LongestEvent)
                        throw new FormatException($"an event covers at most {LongestEvent} days");
                    _ = one.DtStart?.AsUtc;
                }

                _ = calendar.GetOccurrences(calendar.Events[0]!.DtStart!, Bounded).FirstOrDefault();
                return (same.Key, calendar);
            }
            catch (Exception e) when (e is not CalendarException and not EvaluationException and not OutOfMemoryException)
            {
                var message = (e.InnerException ?? e).Message;
                throw new CalendarException(same.First().Line,
                    $"the event cannot be read: {message.Split(" (Parameter")[0].TrimEnd('.')}");
            }
            catch (EvaluationException)
            {
                throw new CalendarException(same.First().Line, "the event's rule leads nowhere");
            }
        }
    }

    /// <summary>The local days of a year that events cover; an event's end is exclusive.</summary>
    /// <param name="year">The year.</param>
    /// <param name="zone">The zone of local days.</param>
    /// <param name="uid">Of one event alone; null for all.</param>
    public HashSet<DateOnly> Days(int year, TimeZoneInfo zone, string? uid = null)
    {
        var days = new HashSet<DateOnly>();
        // An event of the year before may reach into this one.
        var from = new CalDateTime(Math.Max(1, year - 2), 12, 30);
        var (first, last) = (new DateOnly(year, 1, 1), new DateOnly(year, 12, 31));
        foreach (var (_, calendar) in _events.Where(one => uid is null || one.Uid == uid))
        {
            foreach (var occurrence in Occurrences(calendar, from))
            {
                var (start, end) = Covered(occurrence.Period, zone);
                if (start > last.AddDays(1)) break;
                if (occurrence.Source is CalendarEvent { Status: var status }
                    && string.Equals(status, EventStatus.Cancelled, StringComparison.OrdinalIgnoreCase)) continue;
                for (var day = start < first ? first : start; day <= end && day <= last; day = day.AddDays(1)) days.Add(day);
            }
        }

        return days;
    }

    private static IEnumerable<Occurrence> Occurrences(Calendar calendar, CalDateTime from)
    {
        using var each = calendar.GetOccurrences(from, Bounded).GetEnumerator();
        while (true)
        {
            try
            {
                if (!each.MoveNext()) yield break;
            }
            catch (Exception e) when (e is EvaluationException or ArgumentOutOfRangeException)
            {
                yield break;
            }

            yield return each.Current;
        }
    }

    /// <summary>The first and the last local day of an occurrence.</summary>
    private static (DateOnly First, DateOnly Last) Covered(Period period, TimeZoneInfo zone)
    {
        var (start, end) = (Local(period.StartTime), Local(period.EffectiveEndTime ?? period.StartTime));
        return (DateOnly.FromDateTime(start), DateOnly.FromDateTime(end > start ? end.AddTicks(-1) : start));

        DateTime Local(CalDateTime time) => !time.HasTime || time.IsFloating ? time.Value
            : TimeZoneInfo.ConvertTimeFromUtc(time.AsUtc, zone);
    }
}

/// <summary>The days of a calendar file in one zone, a year at a time.</summary>
internal sealed class CalendarDays(CalendarFile calendar, TimeZoneInfo zone)
{
    private readonly ConcurrentDictionary<int, HashSet<DateOnly>> _years = new();

    /// <summary>Whether an event covers a local day.</summary>
    public bool Includes(DateOnly day) => _years.GetOrAdd(day.Year, year => calendar.Days(year, zone)).Contains(day);
}
