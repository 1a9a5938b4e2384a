using System.Globalization;

namespace LifecycleManager.Decisions.Schedules;

/// <summary>
/// A repeating interval of ISO 8601: <c>R5/2026-03-28T01:30+01:00/P1M</c>, start and end, or duration and end. It fires at the
/// starts: <c>Rn</c> has n of them, <c>R</c> has no last. The k-th is the start plus k times the duration, not the one before
/// plus one, so that 31 January is followed by 28 February and 31 March.
/// </summary>
internal sealed class IntervalRecurrence : Recurrence
{
    /// <summary>Beyond it no local time is reckoned with.</summary>
    private const int LastYear = 9900;

    private readonly DateTimeOffset _origin;
    private readonly DateTime _local;
    private readonly TimeZoneInfo _zone;
    private readonly IsoDuration _step;
    private readonly long _count;
    private readonly long _first;

    private IntervalRecurrence(string text, TimeZoneInfo zone, DateTimeOffset origin, IsoDuration step, long count, long first)
    {
        (Text, _zone, _origin, _step, _count, _first) = (text, zone, origin, step, count, first);
        _local = LocalTimes.Of(origin, zone);
    }

    /// <inheritdoc />
    public override string Text { get; }

    /// <summary>Reads an interval.</summary>
    /// <exception cref="FormatException">It is none, never fires or fires too often.</exception>
    public static IntervalRecurrence Parse(string text, TimeZoneInfo zone)
    {
        var read = Read(text, zone);
        if (read._count == 0) throw new FormatException($"'{text}' never fires: R0 has no start");
        if (read._count > 1 && read.At(1) - read.At(0) < Spacing.Least)
            throw new FormatException($"'{text}': {Spacing.TooOften}");
        return read;
    }

    /// <summary>Reads an interval, however often it fires.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    internal static IntervalRecurrence Read(string text, TimeZoneInfo zone)
    {
        var parts = text.Split('/');
        if (text.Length > 200 || parts.Length != 3 || parts[0] is not ['R', .. var times])
            throw Wrong("a repeating interval is R or R5, a start and a duration, with '/' between them");
        var count = long.MaxValue;
        if (times.Length > 0
            && (times.Length > 9 || !long.TryParse(times, NumberStyles.None, CultureInfo.InvariantCulture, out count)))
            throw Wrong($"'{parts[0]}' is not R and a whole number");
        if (parts[1].StartsWith('P'))
        {
            var (duration, end) = (Duration(parts[1]), Instant(parts[2]));
            return count < long.MaxValue ? new IntervalRecurrence(text, zone, end, duration, count, -count)
                : throw Wrong("before an end, R needs a count: without one it has no first start");
        }

        var start = Instant(parts[1]);
        if (parts[2].StartsWith('P')) return new IntervalRecurrence(text, zone, start, Duration(parts[2]), count, 0);
        var length = Instant(parts[2]) - start;
        return length > TimeSpan.Zero ? new IntervalRecurrence(text, zone, start, new IsoDuration(0, 0, length), count, 0)
            : throw Wrong("its end is not after its start");

        FormatException Wrong(string reason) => new($"'{text}': {reason}");

        IsoDuration Duration(string part) => IsoDuration.TryParse(part, out var duration) ? duration
            : throw Wrong($"'{part}' is not a duration such as P1D or PT6H");

        DateTimeOffset Instant(string part) => LocalTimes.TryParse(part, zone, out var instant) ? instant
            : throw Wrong($"'{part}' is not a date and time such as 2026-03-28T01:30");
    }

    /// <inheritdoc />
    public override DateTimeOffset? Next(DateTimeOffset after)
    {
        if (_count == 0 || after.Year > LastYear) return null;
        // Months are not of one length: the average leads near, and a step or two to the place.
        var near = ((after - _origin).TotalDays / _step.AverageDays) - _first;
        var k = (long)Math.Clamp(near, 0, Math.Min(_count - 1, 1e15));
        while (k > 0 && (At(k) is not { } at || at > after)) k--;
        for (; k < _count; k++)
        {
            if (At(k) is not { } at) return null;
            if (at > after) return at;
        }

        return null;
    }

    /// <summary>The k-th start, from 0; null where it is beyond all calendars.</summary>
    internal DateTimeOffset? At(long k)
    {
        var times = k + _first;
        if (times == 0) return _origin;
        var years = times * _step.AverageDays / 365.25;
        if (_origin.Year + years is < 2 or > LastYear) return null;
        var at = _step.Months == 0 && _step.Days == 0 ? _origin
            : LocalTimes.ToInstant(_local.AddMonths((int)(_step.Months * times)).AddDays(_step.Days * times), _zone);
        return at + (_step.Exact * times);
    }
}
