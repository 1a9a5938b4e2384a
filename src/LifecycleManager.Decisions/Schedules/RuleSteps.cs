using Ical.Net;
using Ical.Net.DataTypes;
using Ical.Net.Evaluation;

namespace LifecycleManager.Decisions.Schedules;

/// <summary>
/// The local times of a recurrence rule in one place of it. The library steps from the start through all that has been: so that
/// an old start costs nothing, it is given one that is whole periods later.
/// </summary>
internal sealed class RuleSteps
{
    // Within a day the clock comes round; 29 February may fall on one week day each 40 years.
    private static readonly EvaluationOptions OfADay = new() { MaxUnmatchedIncrementsLimit = 2_000 };
    private static readonly EvaluationOptions OfDays = new() { MaxUnmatchedIncrementsLimit = 15_000 };
    private static readonly EvaluationOptions OfYears = new() { MaxUnmatchedIncrementsLimit = 5_000 };
    private static readonly TimeSpan Margin = TimeSpan.FromDays(1);

    private readonly RecurrenceRule _rule;
    private readonly DateTime _start;

    public RuleSteps(RecurrenceRule rule, DateTime start)
    {
        (_rule, _start) = (rule, start);
        // The week day of the start is meant: it is another one years later.
        if (rule.Frequency == FrequencyType.Yearly && rule is { ByWeekNo.Count: > 0, ByDay.Count: 0 })
            rule.ByDay.Add(new WeekDay(start.DayOfWeek));
    }

    /// <summary>All from the start, in their order.</summary>
    public IEnumerable<DateTime> All() => From(_start, _start);

    /// <summary>Those near a local time and after it, in their order; some before it may be among them.</summary>
    public IEnumerable<DateTime> Near(DateTime local)
    {
        if (local - _start < 3 * Margin) return All();
        var from = local - Margin;
        return From(Later(from), from);
    }

    /// <summary>
    /// In their order: the library may have several days of a month or year in the order of the rule, not of the calendar.
    /// </summary>
    private IEnumerable<DateTime> From(DateTime start, DateTime from)
    {
        var times = Step(start, from);
        if (_rule is { ByYearDay.Count: < 2, ByMonthDay.Count: < 2, ByWeekNo.Count: < 2 }) return times;
        return _rule.Frequency switch
        {
            FrequencyType.Yearly => Sorted(times, time => time.Year),
            FrequencyType.Monthly => Sorted(times, time => (time.Year * 12) + time.Month),
            _ => times,
        };
    }

    private static IEnumerable<DateTime> Sorted(IEnumerable<DateTime> times, Func<DateTime, int> period)
    {
        var (same, of) = (new List<DateTime>(), 0);
        foreach (var time in times)
        {
            if (same.Count > 0 && period(time) != of)
            {
                foreach (var one in same.Order()) yield return one;
                same.Clear();
            }

            of = period(time);
            same.Add(time);
        }

        foreach (var one in same.Order()) yield return one;
    }

    private IEnumerable<DateTime> Step(DateTime start, DateTime from)
    {
        var options = _rule.Frequency switch
        {
            FrequencyType.Minutely or FrequencyType.Hourly => OfADay,
            FrequencyType.Daily => OfDays,
            _ => OfYears,
        };
        IEnumerator<Period>? steps = null;
        while (Next() is { } time) yield return time;
        steps?.Dispose();

        DateTime? Next()
        {
            try
            {
                steps ??= new RecurrencePatternEvaluator(_rule)
                    .Evaluate(new CalDateTime(start, true), new CalDateTime(from, true), options).GetEnumerator();
                return steps.MoveNext() ? steps.Current.StartTime.Value : null;
            }
            catch (Exception e) when (e is EvaluationException or ArgumentOutOfRangeException)
            {
                // No more of them, as far as anybody looks.
                return null;
            }
        }
    }

    /// <summary>A start whole periods later, before a local time, that leads to the same times.</summary>
    private DateTime Later(DateTime before)
    {
        var (n, passed) = (_rule.Interval, before - _start);
        switch (_rule.Frequency)
        {
            case FrequencyType.Minutely: return _start.AddMinutes(Whole(passed.TotalMinutes));
            case FrequencyType.Hourly: return _start.AddHours(Whole(passed.TotalHours));
            case FrequencyType.Daily: return _start.AddDays(Whole(passed.TotalDays));
            case FrequencyType.Weekly: return _start.AddDays(7.0 * Whole(passed.TotalDays / 7));
        }

        // The day of the start is meant, which not every month has.
        var unit = _rule.Frequency == FrequencyType.Yearly ? 12 : 1;
        var months = ((before.Year - _start.Year) * 12) + before.Month - _start.Month;
        for (var later = (int)Whole((double)months / unit); later > 0; later -= n)
        {
            var start = _start.AddMonths(later * unit);
            if (start.Day == _start.Day) return start;
        }

        return _start;

        // Of minutes there are more than an int holds.
        double Whole(double periods) => Math.Max(0, (Math.Floor(periods / n) - 1) * n);
    }
}
