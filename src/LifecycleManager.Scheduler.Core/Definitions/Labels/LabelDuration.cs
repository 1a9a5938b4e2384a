using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Scheduler.Core.Definitions.Labels;

/// <summary>
/// Times in labels and queries: seconds (<c>300</c>) or with units (<c>90s</c>, <c>5m</c>, <c>1h30m</c>), a week at most.
/// </summary>
internal static class LabelDuration
{
    public const string Form = "a time of a week at most, such as 300, 90s, 5m or 1h";

    private static readonly TimeSpan Max = TimeSpan.FromDays(7);

    /// <summary>Reads a time, not negative.</summary>
    public static bool TryParse(string text, out TimeSpan time) =>
        DurationText.TryParseSeconds(text, out time) && time <= Max;
}
