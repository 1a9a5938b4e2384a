using System.Globalization;

namespace LifecycleManager.Decisions.Schedules;

/// <summary>A local time of every day.</summary>
internal sealed class DailyRecurrence(TimeOnly time, TimeZoneInfo zone) : Recurrence
{
    private static readonly string[] Formats = ["HH:mm", "HH:mm:ss"];

    /// <inheritdoc />
    public override string Text => time.ToString(time.Second == 0 ? "HH:mm" : "HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>Reads <c>05:00</c> or <c>05:00:30</c>.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static DailyRecurrence Parse(string text, TimeZoneInfo zone) => TimeOnly.TryParseExact(text, Formats,
        CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
        ? new DailyRecurrence(time, zone)
        : throw new FormatException($"'{text}' is not a time of day");

    /// <inheritdoc />
    public override DateTimeOffset? Next(DateTimeOffset after)
    {
        if (after.Year > 9990) return null;
        // A skipped time comes later that day, so that the day before may still be ahead.
        var day = DateOnly.FromDateTime(LocalTimes.Of(after, zone)).AddDays(-1);
        while (true)
        {
            var next = LocalTimes.ToInstant(day.ToDateTime(time), zone);
            if (next > after) return next;
            day = day.AddDays(1);
        }
    }
}
