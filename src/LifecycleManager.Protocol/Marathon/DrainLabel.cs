using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Protocol.Marathon;

/// <summary>
/// The label <c>lcm.drain</c> of an app, which its tasks carry too, those of a pod the longest of its own and its containers':
/// how long an instance that serves is kept out of discovery and proxies before it is asked to end; seconds (<c>10</c>) or with
/// a unit (<c>10s</c>, <c>2m</c>). Meanwhile it is shown as <c>TASK_KILLING</c>, which is what Marathon's clients give no work
/// to.
/// </summary>
public static class DrainLabel
{
    /// <summary>Its name.</summary>
    public const string Name = "lcm.drain";

    /// <summary>How its value is written, for those who did otherwise.</summary>
    public const string Form = "must be a time of an hour at most, such as 10s or 2m";

    private static readonly TimeSpan Max = TimeSpan.FromHours(1);

    /// <summary>The value of the longest time among those that can be read; null where there is none.</summary>
    public static string? Longest(IEnumerable<string?> values) => values
        .Select(text => (Text: text, Time: TryParse(text, out var time) ? time : (TimeSpan?)null))
        .Where(value => value.Time is not null).OrderByDescending(value => value.Time)
        .FirstOrDefault().Text;

    /// <summary>Reads a value: a time from zero, which is no draining, to an hour.</summary>
    public static bool TryParse(string? text, out TimeSpan time)
    {
        time = default;
        return text is not null && DurationText.TryParseSeconds(text, out time) && time <= Max;
    }
}
