using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Scheduler.Core.Definitions.Labels;

/// <summary>The time that the label <c>lcm.drain</c> states: how long an instance that is to end gets no more work before it
/// is killed.</summary>
internal static class DrainTime
{
    /// <summary>How it is written, for those who did otherwise.</summary>
    public const string Form = "must be a time of an hour at most, such as 10s or 2m";

    /// <summary>The time that an app states; zero without.</summary>
    public static TimeSpan Read(IReadOnlyDictionary<string, string> labels) =>
        labels.TryGetValue(DrainLabel.Name, out var text) && TryParse(text, out var time) ? time : TimeSpan.Zero;

    /// <summary>Reads a time, not negative, of an hour at most.</summary>
    public static bool TryParse(string text, out TimeSpan time) =>
        LabelDuration.TryParse(text, out time) && time <= DrainLabel.Max;
}
