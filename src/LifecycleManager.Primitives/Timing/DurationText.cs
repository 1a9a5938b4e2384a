using System.Globalization;
using System.Text;

namespace LifecycleManager.Primitives.Timing;

/// <summary>Durations as Prometheus writes them: <c>500ms 30s 5m 1h30m 2d 1w</c>, the units in falling order.</summary>
public static class DurationText
{
    /// <summary>What can be written: 10 years.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    private static readonly (string Unit, long Milliseconds)[] Units =
        [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

    /// <summary>Reads a duration, not negative and not above <see cref="Longest"/>. <c>0</c> needs no unit.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan duration)
    {
        duration = default;
        text = text.Trim();
        if (text is "0") return true;
        if (text.IsEmpty || text.Length > 40) return false;
        var (total, last) = (0m, -1);
        while (!text.IsEmpty)
        {
            var digits = 0;
            while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] == '.')) digits++;
            var end = digits;
            while (end < text.Length && char.IsAsciiLetterLower(text[end])) end++;
            var unit = text[digits..end].ToString();
            var index = Array.FindIndex(Units, known => known.Unit == unit);
            if (index <= last || !decimal.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
                out var amount)
                || amount > 1_000_000_000_000m)
            {
                return false;
            }

            total += amount * Units[index].Milliseconds;
            last = index;
            text = text[end..];
        }

        if (total > (decimal)Longest.TotalMilliseconds) return false;
        duration = TimeSpan.FromTicks((long)(total * TimeSpan.TicksPerMillisecond));
        return true;
    }

    /// <summary>
    /// Reads a duration as labels and queries of a REST API have it: a number alone is in seconds (<c>300</c>, <c>0.5</c>).
    /// </summary>
    public static bool TryParseSeconds(ReadOnlySpan<char> text, out TimeSpan duration)
    {
        text = text.Trim();
        if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds))
            return TryParse(text, out duration);
        duration = default;
        if (text.Length > 40 || seconds > (decimal)Longest.TotalSeconds) return false;
        duration = TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond));
        return true;
    }

    /// <summary>Writes a duration the shortest way, to the millisecond: <c>1h30m</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        var left = (long)Math.Round(Math.Abs(duration.TotalMilliseconds));
        if (left == 0) return "0s";
        var text = new StringBuilder(duration < TimeSpan.Zero ? "-" : "");
        foreach (var (unit, milliseconds) in Units)
        {
            if (left < milliseconds || unit == "w") continue;
            text.Append(CultureInfo.InvariantCulture, $"{left / milliseconds}{unit}");
            left %= milliseconds;
        }

        return text.ToString();
    }
}
