using System.Text.RegularExpressions;
using Ical.Net;
using Ical.Net.DataTypes;

namespace LifecycleManager.Decisions.Schedules;

/// <summary>Reads a recurrence rule of RFC 5545: what its library lets pass is refused here.</summary>
internal static partial class RuleText
{
    private const int MostFires = 10_000;
    private static readonly string[] ByDays = ["BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY"];

    /// <summary>The rule without its UNTIL, and that as an instant.</summary>
    /// <param name="text"><c>FREQ=WEEKLY;BYDAY=MO</c>.</param>
    /// <param name="zone">The zone of an UNTIL that has none.</param>
    /// <exception cref="FormatException">It is no rule, or none that a schedule can have.</exception>
    public static (RecurrenceRule Rule, DateTimeOffset? Until) Parse(string text, TimeZoneInfo zone)
    {
        if (text.Length > 1000) throw new FormatException("the rule is longer than 1000 characters");
        var parts = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in text.Split(';'))
        {
            if (part.Split('=') is not [{ Length: > 0 } key, { Length: > 0 } value])
                throw new FormatException($"'{part}' is not a part of a rule such as FREQ=WEEKLY");
            if (!parts.TryAdd(key, value)) throw new FormatException($"{key} is given twice");
        }

        if (!parts.TryGetValue("FREQ", out var frequency))
            throw new FormatException("a rule needs FREQ: YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY or MINUTELY");
        DateTimeOffset? until = null;
        if (parts.Remove("UNTIL", out var end))
        {
            if (parts.ContainsKey("COUNT")) throw new FormatException("a rule has COUNT or UNTIL, not both");
            until = LocalTimes.TryParse(end, zone, out var instant) ? instant
                : throw new FormatException($"UNTIL={end} is not a date and time such as 20261231T235959");
        }

        var rule = Library(string.Join(';', parts.Select(part => $"{part.Key}={part.Value}")));
        Check(rule, frequency, parts);
        Order(rule);
        return (rule, until);
    }

    /// <summary>Each number once, in their order: the library steps through them as they are.</summary>
    private static void Order(RecurrenceRule rule)
    {
        List<int>[] lists = [rule.BySecond, rule.ByMinute, rule.ByHour, rule.ByMonthDay, rule.ByYearDay, rule.ByWeekNo,
            rule.ByMonth, rule.BySetPosition];
        foreach (var list in lists)
        {
            var order = list.Distinct().Order().ToList();
            list.Clear();
            list.AddRange(order);
        }
    }

    private static RecurrenceRule Library(string text)
    {
        try
        {
            return new RecurrenceRule(text);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException or InvalidOperationException)
        {
            throw new FormatException(ParameterPattern().Replace(e.Message, "").TrimEnd('.'), e);
        }
    }

    private static void Check(RecurrenceRule rule, string frequency, Dictionary<string, string> parts)
    {
        var kind = rule.Frequency;
        if (kind == FrequencyType.Secondly) throw new FormatException($"FREQ=SECONDLY: {Spacing.TooOften}");
        if (kind is FrequencyType.Hourly or FrequencyType.Minutely
            && Array.Find(ByDays, parts.ContainsKey) is { } byDay)
        {
            throw new FormatException($"{byDay} does not go with FREQ={frequency}: choose the days by 'days', or write "
                + "FREQ=DAILY with BYHOUR and BYMINUTE");
        }

        if (rule.ByDay.Exists(day => day.Offset is not null) && kind is not (FrequencyType.Monthly or FrequencyType.Yearly))
            throw new FormatException($"BYDAY={parts["BYDAY"]}: a numbered week day goes with MONTHLY and YEARLY alone");
        if (rule.ByMonthDay.Count > 0 && kind == FrequencyType.Weekly)
            throw new FormatException("BYMONTHDAY does not go with FREQ=WEEKLY");
        if (rule.ByYearDay.Count > 0 && kind is FrequencyType.Weekly or FrequencyType.Daily && rule.ByYearDay.Count > 0)
            throw new FormatException($"BYYEARDAY does not go with FREQ={frequency}");
        if (rule.ByWeekNo.Count > 0 && kind != FrequencyType.Yearly)
            throw new FormatException("BYWEEKNO goes with FREQ=YEARLY alone");
        // The library takes them in the order of their numbers: week -1 would come before week 1.
        if (rule.ByWeekNo.Exists(week => week < 0) && rule.ByWeekNo.Count > 1)
            throw new FormatException($"BYWEEKNO={parts["BYWEEKNO"]}: a week counted from the end stands alone");
        if (rule.BySetPosition.Count > 0 && !parts.Keys.Any(IsOther))
            throw new FormatException("BYSETPOS needs another BY part to choose from");
        if (rule.Count > MostFires) throw new FormatException($"COUNT is at most {MostFires}; give UNTIL instead");
        if (AreTooNear(rule.BySecond)) throw new FormatException($"BYSECOND={parts["BYSECOND"]}: {Spacing.TooOften}");

        static bool IsOther(string key) => key.StartsWith("BY", StringComparison.OrdinalIgnoreCase)
            && !key.Equals("BYSETPOS", StringComparison.OrdinalIgnoreCase);
    }

    private static bool AreTooNear(List<int> seconds)
    {
        var order = seconds.Distinct().Order().ToList();
        return order.Zip(order.Skip(1).Append(order.FirstOrDefault() + 60), (a, b) => b - a)
            .Any(apart => apart < Spacing.Least.TotalSeconds);
    }

    [GeneratedRegex(@" \(Parameter '[^']*'\)$")]
    private static partial Regex ParameterPattern();
}
