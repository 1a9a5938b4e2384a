using System.Globalization;
using System.Text;

namespace LifecycleManager.Decisions.Policies;

/// <summary>Durations as Prometheus writes them: <c>500ms 30s 5m 1h30m 2d 1w</c>, the units in falling order.</summary>
public static class Durations
{
    private static readonly (string Unit, long Milliseconds)[] Units =
        [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

    /// <summary>Reads a duration. <c>0</c> needs no unit. Nothing longer than 10 years is one.</summary>
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
            if (index <= last || !decimal.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)
                || amount > 1_000_000_000_000m)
            {
                return false;
            }

            total += amount * Units[index].Milliseconds;
            last = index;
            text = text[end..];
        }

        if (total > 3650m * 86_400_000m) return false;
        duration = TimeSpan.FromTicks((long)(total * TimeSpan.TicksPerMillisecond));
        return true;
    }

    /// <summary>Writes a duration the shortest way: <c>1h30m</c>.</summary>
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
