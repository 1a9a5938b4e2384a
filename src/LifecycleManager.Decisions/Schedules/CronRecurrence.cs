using System.Globalization;
using Quartz;

namespace LifecycleManager.Decisions.Schedules;

/// <summary>Quartz' cron notation: second minute hour day month weekday, and a year where it is wanted.</summary>
internal sealed class CronRecurrence : Recurrence
{
    private static readonly DateTimeOffset Ever = new(1970, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Quartz knows no year after 2126; so far ahead no instant overflows.</summary>
    private static readonly DateTimeOffset End = new(2200, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly CronExpression _cron;

    private CronRecurrence(CronExpression cron, string text) => (_cron, Text) = (cron, text);

    /// <inheritdoc />
    public override string Text { get; }

    /// <summary>Reads an expression.</summary>
    /// <exception cref="FormatException">It is none, it never fires, or its seconds are too near to each other.</exception>
    public static CronRecurrence Parse(string text, TimeZoneInfo zone)
    {
        var fields = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length == 5)
        {
            throw new FormatException($"'{text}' has no seconds: five fields are the cron of Unix"
                + (FromUnix(text) is { } quartz ? $"; as Quartz writes it: '{quartz}'" : "; Quartz' starts with seconds"));
        }

        if (fields.Length is not (6 or 7) || text.Length > 500)
            throw new FormatException($"'{text}' is not a cron expression: it has six fields, or seven with a year");
        var cron = Library(text, zone);
        if (IsTooOften(fields[0])) throw new FormatException($"'{text}': {Spacing.TooOften}");
        return cron.GetNextValidTimeAfter(Ever) is not null ? new CronRecurrence(cron, text)
            : throw new FormatException($"'{text}' never fires");
    }

    /// <inheritdoc />
    public override DateTimeOffset? Next(DateTimeOffset after) =>
        after >= End ? null : _cron.GetNextValidTimeAfter(after < Ever ? Ever : after);

    /// <summary>Five fields of Unix as Quartz' six; null where both days are given, which Quartz has no word for.</summary>
    internal static string? FromUnix(string? unix)
    {
        if (unix?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is not { Length: 5 } fields) return null;
        var (day, weekday) = (fields[2], fields[4]);
        if (day != "*" && weekday != "*") return null;
        // Quartz counts Sunday as 1, Unix as 0 or 7.
        var quartzDay = weekday == "*" ? "?" : string.Join(',', weekday.Split(',')
            .Select(part => string.Join('-', part.Split('-').Select(one =>
            int.TryParse(one, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? ((number % 7) + 1).ToString(CultureInfo.InvariantCulture) : one.ToUpperInvariant()))));
        return $"0 {fields[0]} {fields[1]} {(weekday == "*" ? day : "?")} {fields[3]} {quartzDay}";
    }

    private static CronExpression Library(string text, TimeZoneInfo zone)
    {
        try
        {
            return new CronExpression(text, zone);
        }
        catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
        {
            throw new FormatException($"'{text}' is not a cron expression: {e.Message.TrimEnd('.')}", e);
        }
    }

    /// <summary>
    /// Whether the seconds of two neighbouring minutes are too near; that the minutes may be apart is not looked at.
    /// </summary>
    private static bool IsTooOften(string seconds)
    {
        var each = new CronExpression(seconds + " * * * * ?", TimeZoneInfo.Utc);
        var (from, last) = (Ever, (DateTimeOffset?)null);
        while (each.GetNextValidTimeAfter(from) is { } next && next <= Ever.AddMinutes(2))
        {
            if (next - last < Spacing.Least) return true;
            (from, last) = (next, next);
        }

        return false;
    }
}
