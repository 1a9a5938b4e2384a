using Ical.Net.DataTypes;

namespace LifecycleManager.Decisions.Schedules;

/// <summary>
/// A recurrence rule of RFC 5545, with dates that are left out and dates that come in addition. It steps on the local clock; the
/// start is a fire only where the rule says so; COUNT counts what is then left out.
/// </summary>
internal sealed class RuleRecurrence : Recurrence
{
    private const int Ahead = 4;

    /// <summary>Beyond it no local time is reckoned with.</summary>
    private const int LastYear = 9900;

    private readonly RuleSteps _steps;
    private readonly TimeZoneInfo _zone;
    private readonly DateTimeOffset? _until;
    private readonly int? _count;
    private readonly HashSet<DateTimeOffset> _without;
    private readonly DateTimeOffset[] _with;
    private volatile Window? _window;

    private RuleRecurrence(string text, RuleSteps steps, RecurrenceRule rule, DateTimeOffset? until, TimeZoneInfo zone,
        IEnumerable<DateTimeOffset> without, IEnumerable<DateTimeOffset> with)
    {
        (Text, _steps, _zone, _until, _count) = (text, steps, zone, until, rule.Count);
        _without = [.. without];
        _with = [.. with.Where(one => !_without.Contains(one)).Distinct().Order()];
    }

    /// <inheritdoc />
    public override string Text { get; }

    /// <summary>Reads a rule.</summary>
    /// <param name="text"><c>FREQ=WEEKLY;BYDAY=MO</c>.</param>
    /// <param name="start">From when on, as a local time: what the rule leaves open is as in it.</param>
    /// <param name="zone">The zone.</param>
    /// <param name="without">What is left out.</param>
    /// <param name="with">What comes in addition.</param>
    /// <exception cref="FormatException">It is no rule, it never fires, or it fires too often.</exception>
    public static RuleRecurrence Parse(string text, DateTime start, TimeZoneInfo zone, IEnumerable<DateTimeOffset> without,
        IEnumerable<DateTimeOffset> with)
    {
        var (rule, until) = RuleText.Parse(text, zone);
        var read = new RuleRecurrence(text, new RuleSteps(rule, start), rule, until, zone, without, with);
        if (read.Next(DateTimeOffset.MinValue) is null) throw new FormatException($"'{text}' never fires");
        return read._with.All(read.IsAlone) ? read : throw new FormatException($"an added date: {Spacing.TooOften}");
    }

    /// <inheritdoc />
    public override DateTimeOffset? Next(DateTimeOffset after)
    {
        var (byRule, added) = (NextByRule(after), FirstAfter(_with, after));
        return byRule is null || added < byRule ? added ?? byRule : byRule;
    }

    private static DateTimeOffset? FirstAfter(DateTimeOffset[] order, DateTimeOffset after)
    {
        var place = Array.BinarySearch(order, after);
        place = place < 0 ? ~place : place + 1;
        return place < order.Length ? order[place] : null;
    }

    private DateTimeOffset? NextByRule(DateTimeOffset after)
    {
        if (after >= _until || after.Year > LastYear) return null;
        var window = _window;
        if (window is not null && after >= window.From)
        {
            if (FirstAfter(window.Fires, after) is { } known) return known;
            if (window.IsLast) return null;
        }

        _window = window = Open(after);
        return FirstAfter(window.Fires, after);
    }

    /// <summary>The next few fires; of a rule that counts, all of them.</summary>
    private Window Open(DateTimeOffset after)
    {
        var (most, isCounted) = (_count ?? Ahead, _count is not null);
        var local = after.Year < 1900 ? new DateTime(1900, 1, 1) : LocalTimes.Of(after, _zone);
        var fires = InOrder(isCounted ? _steps.All() : _steps.Near(local))
            .Where(fire => isCounted || fire > after).TakeWhile(fire => _until is not { } until || fire <= until)
            .Where(fire => !_without.Contains(fire)).Take(most).ToArray();
        return new Window(isCounted ? DateTimeOffset.MinValue : after, fires, isCounted || fires.Length < most);
    }

    /// <summary>
    /// The instants of local times in their order: what is skipped by the clocks comes later than what follows it.
    /// </summary>
    private IEnumerable<DateTimeOffset> InOrder(IEnumerable<DateTime> locals)
    {
        var skipped = new Queue<DateTimeOffset>();
        DateTimeOffset? last = null;
        foreach (var local in locals)
        {
            if (local.Year > LastYear) break;
            var instant = LocalTimes.ToInstant(local, _zone);
            if (_zone.IsInvalidTime(local))
            {
                skipped.Enqueue(instant);
                continue;
            }

            while (skipped.TryPeek(out var earlier) && earlier <= instant)
            {
                if (skipped.Dequeue() is var fire && fire != last) yield return (last = fire).Value;
            }

            if (instant != last) yield return (last = instant).Value;
        }

        while (skipped.TryDequeue(out var rest)) yield return rest;
    }

    private bool IsAlone(DateTimeOffset fire) =>
        (Next(fire - Spacing.Least) is not { } near || near >= fire)
            && (Next(fire) is not { } next || next - fire >= Spacing.Least);

    private sealed record Window(DateTimeOffset From, DateTimeOffset[] Fires, bool IsLast);
}
