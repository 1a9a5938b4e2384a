namespace LifecycleManager.Scheduler.Core.Definitions.Labels;

/// <summary>
/// The label <c>lcm.rollback.after</c>: how long a new version may take to become healthy before the app goes back to the version
/// that ran before; seconds (<c>300</c>) or with a unit (<c>90s</c>, <c>5m</c>, <c>1h</c>).
/// </summary>
internal static class RollbackLabel
{
    /// <summary>Its name.</summary>
    public const string Name = "lcm.rollback.after";

    /// <summary>The time that an app states, or null.</summary>
    public static TimeSpan? Read(IReadOnlyDictionary<string, string> labels) =>
        labels.TryGetValue(Name, out var text) && TryParse(text, out var time) ? time : null;

    /// <summary>Reads a time over zero, of a week at most.</summary>
    public static bool TryParse(string text, out TimeSpan time) => LabelDuration.TryParse(text, out time) && time > TimeSpan.Zero;
}
