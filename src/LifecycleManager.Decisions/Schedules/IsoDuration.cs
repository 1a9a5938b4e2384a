using System.Globalization;
using System.Text.RegularExpressions;

namespace LifecycleManager.Decisions.Schedules;

/// <summary>A duration of ISO 8601: months and days by the local clock, then an exact time.</summary>
/// <param name="Months">Years and months.</param>
/// <param name="Days">Weeks and days.</param>
/// <param name="Exact">Hours, minutes and seconds; a fraction of a day is of 24 hours.</param>
internal readonly partial record struct IsoDuration(int Months, int Days, TimeSpan Exact)
{
    /// <summary>Its length, months and years by their average, in days.</summary>
    public double AverageDays => (Months * 30.436875) + Days + Exact.TotalDays;

    /// <summary>Reads <c>P1Y2M3DT4H5M6S</c> or <c>P2W</c>. Days, weeks and the last of the time may have a fraction.</summary>
    public static bool TryParse(string text, out IsoDuration duration)
    {
        duration = default;
        if (text.Length > 60 || Pattern().Match(text) is not { Success: true } match || text.EndsWith('T') || text == "P")
            return false;
        var (years, months) = (Number(match, "years"), Number(match, "months"));
        var days = (Number(match, "weeks") * 7) + Number(match, "days");
        var seconds = (Number(match, "hours") * 3600) + (Number(match, "minutes") * 60) + Number(match, "seconds");
        if (years > 8000 || months > 96_000 || days > 3_000_000 || seconds > 1e11m) return false;
        var whole = decimal.Truncate(days);
        seconds += (days - whole) * 86_400;
        duration = new IsoDuration((int)((years * 12) + months), (int)whole,
            TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond)));
        return duration.AverageDays > 0;
    }

    private static decimal Number(Match match, string group) => match.Groups[group] is { Success: true, Value: var value }
        ? decimal.Parse(value.Replace(',', '.'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"^P((?<years>\d{1,6})Y)?((?<months>\d{1,6})M)?((?<weeks>\d{1,8}([.,]\d{1,9})?)W)?"
        + @"((?<days>\d{1,8}([.,]\d{1,9})?)D)?"
        + @"(T((?<hours>\d{1,9}([.,]\d{1,9})?)H)?((?<minutes>\d{1,9}([.,]\d{1,9})?)M)?((?<seconds>\d{1,12}([.,]\d{1,9})?)S)?)?$",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}
