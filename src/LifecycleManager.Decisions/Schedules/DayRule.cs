using System.Globalization;

namespace LifecycleManager.Decisions.Schedules;

/// <summary>The days of some list, and not those of another.</summary>
/// <param name="only">The days; none for all.</param>
/// <param name="except">The days that are left out.</param>
internal sealed class DayRule(IReadOnlyList<DaySet> only, IReadOnlyList<DaySet> except) : DayFilter
{
    /// <inheritdoc />
    public override string Text => string.Join(" except ", new[] { Say(only), Say(except) }.Where(text => text.Length > 0));

    /// <inheritdoc />
    public override bool Includes(DateOnly day) =>
        (only.Count == 0 || only.Any(set => set.Includes(day))) && !except.Any(set => set.Includes(day));

    private static string Say(IReadOnlyList<DaySet> sets) => string.Join(", ", sets.Select(set => set.Text));
}

/// <summary>Some days, by one word.</summary>
/// <param name="Text">The word.</param>
/// <param name="Includes">Whether a day is one of them.</param>
internal sealed record DaySet(string Text, Func<DateOnly, bool> Includes)
{
    private static readonly DayOfWeek[] Week = Enum.GetValues<DayOfWeek>();

    /// <summary>The words that are no dates.</summary>
    public static IReadOnlyList<string> Words { get; } =
        ["business", "weekend", .. Week.Select(day => day.ToString().ToLowerInvariant())];

    /// <summary>
    /// Reads <c>business</c> (Monday to Friday), <c>weekend</c>, a week day, a range of them (<c>fri-mon</c>), a date
    /// (<c>2026-12-24</c>), or a date of each year (<c>12-25</c>); null where it is none.
    /// </summary>
    public static DaySet? Parse(string text)
    {
        if (text.Equals("business", StringComparison.OrdinalIgnoreCase))
            return new DaySet(text, day => day.DayOfWeek is not (DayOfWeek.Saturday or DayOfWeek.Sunday));
        if (text.Equals("weekend", StringComparison.OrdinalIgnoreCase))
            return new DaySet(text, day => day.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday);
        if (text.Split('-') is { Length: 1 or 2 } ends && WeekDay(ends[0]) is { } first && WeekDay(ends[^1]) is { } last)
        {
            var length = (last - first + 7) % 7;
            return new DaySet(text, day => (day.DayOfWeek - first + 7) % 7 <= length);
        }

        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
            return new DaySet(text, day => day == date);
        // A leap year, so that 29 February can be meant.
        if (text.Length == 5 && DateOnly.TryParseExact("2000-" + text, "yyyy-MM-dd", CultureInfo.InvariantCulture,
            DateTimeStyles.None, out var yearly))
            return new DaySet(text, day => (day.Month, day.Day) == (yearly.Month, yearly.Day));
        return null;
    }

    private static DayOfWeek? WeekDay(string text)
    {
        foreach (var day in Week)
        {
            var name = day.ToString();
            if (text.Equals(name, StringComparison.OrdinalIgnoreCase)
                || text.Equals(name[..3], StringComparison.OrdinalIgnoreCase)) return day;
        }

        return null;
    }
}
