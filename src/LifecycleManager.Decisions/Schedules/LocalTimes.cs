using System.Globalization;
using System.Text.RegularExpressions;

namespace LifecycleManager.Decisions.Schedules;

/// <summary>
/// Local times and instants. A local time that a change of the clocks skips is read with the offset from before the change, so
/// that 02:30 becomes 03:30 (RFC 5545, 3.3.5); of one that comes twice, the first is meant.
/// </summary>
internal static partial class LocalTimes
{
    private static readonly TimeSpan MostApart = TimeSpan.FromHours(14);

    /// <summary>The instant of a local time, as UTC.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is before year 1 or after year 9999 of UTC.</exception>
    public static DateTimeOffset ToInstant(DateTime local, TimeZoneInfo zone)
    {
        if (zone.IsInvalidTime(local))
        {
            var before = local;
            while (zone.IsInvalidTime(before)) before = before.AddMinutes(-30);
            return new DateTimeOffset(local, zone.GetUtcOffset(before)).ToUniversalTime();
        }

        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset).ToUniversalTime();
    }

    /// <summary>The instant at which a local day begins.</summary>
    public static DateTimeOffset StartOf(DateOnly day, TimeZoneInfo zone) =>
        ToInstant(day.ToDateTime(TimeOnly.MinValue), zone);

    /// <summary>The local time of an instant.</summary>
    public static DateTime Of(DateTimeOffset instant, TimeZoneInfo zone) => TimeZoneInfo.ConvertTime(instant, zone).DateTime;

    /// <summary>
    /// Reads <c>2026-12-24T18:00</c> and <c>20261224T1800</c>, seconds and their fractions where given, local where neither
    /// <c>Z</c> nor an offset follows.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="zone">The zone of a local time.</param>
    /// <param name="instant">The instant.</param>
    public static bool TryParse(string text, TimeZoneInfo zone, out DateTimeOffset instant)
    {
        var isTime = TryParse(text, out var time, out var offset);
        instant = !isTime ? default : offset is { } known ? new DateTimeOffset(time, known).ToUniversalTime()
            : ToInstant(time, zone);
        return isTime;
    }

    /// <summary>The same as a local time, skipped or not.</summary>
    public static bool TryParseLocal(string text, TimeZoneInfo zone, out DateTime local)
    {
        var isTime = TryParse(text, out local, out var offset);
        if (isTime && offset is { } known) local = Of(new DateTimeOffset(local, known), zone);
        return isTime;
    }

    private static bool TryParse(string text, out DateTime local, out TimeSpan? offset)
    {
        (local, offset) = (default, null);
        if (text.Length > 40 || Pattern().Match(text) is not { Success: true } match) return false;
        var (date, time) = (match.Groups["date"].Value.Replace("-", "", StringComparison.Ordinal),
            match.Groups["time"].Value.Replace(":", "", StringComparison.Ordinal));
        var fraction = match.Groups["fraction"].Value;
        if (time.Length == 4 && fraction.Length > 0) return false;
        if (!DateTime.TryParseExact(date + time.PadRight(6, '0'), "yyyyMMddHHmmss", CultureInfo.InvariantCulture,
            DateTimeStyles.None, out local)) return false;
        if (fraction.Length > 0)
            local = local.AddTicks(long.Parse(fraction.PadRight(7, '0')[..7], NumberStyles.None, CultureInfo.InvariantCulture));
        if (local.Year is < 1900 or > 9000) return false;
        var of = match.Groups["offset"].Value.Replace(":", "", StringComparison.Ordinal);
        if (of.Length == 0) return true;
        offset = TimeSpan.Zero;
        if (of == "Z") return true;
        if (!TimeSpan.TryParseExact(of[1..].PadRight(4, '0'), "hhmm", CultureInfo.InvariantCulture, out var apart)
            || apart > MostApart) return false;
        offset = of[0] == '-' ? -apart : apart;
        return true;
    }

    [GeneratedRegex(@"^(?<date>\d{4}-\d\d-\d\d(?=T\d\d:)|\d{8}(?=T\d{4}))T(?<time>\d\d:\d\d(:\d\d)?|\d{6}|\d{4})"
        + @"([.,](?<fraction>\d{1,9}))?(?<offset>Z|[+-]\d\d(:?\d\d)?)?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}
