using System.Globalization;

namespace LifecycleManager.Scheduler.Deployments;

/// <summary>Times in labels and queries: seconds (<c>300</c>) or with a unit (<c>90s</c>, <c>5m</c>, <c>1h</c>), a week at most.</summary>
internal static class TimeText
{
    public const string Form = "a time of a week at most, such as 300, 90s, 5m or 1h";

    private static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    /// <summary>Reads a time, not negative.</summary>
    public static bool TryParse(string text, out TimeSpan time)
    {
        time = default;
        var (number, unit) = text.Length == 0 ? (text, 1) : text[^1] switch
        {
            's' => (text[..^1], 1),
            'm' => (text[..^1], 60),
            'h' => (text[..^1], 3_600),
            _ => (text, 1),
        };
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)) return false;
        if (!(seconds * unit <= Longest.TotalSeconds)) return false;
        time = TimeSpan.FromSeconds(seconds * unit);
        return true;
    }
}
