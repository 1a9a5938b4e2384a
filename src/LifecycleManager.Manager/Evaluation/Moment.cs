namespace LifecycleManager.Manager.Evaluation;

/// <summary>The same moment by two clocks.</summary>
/// <param name="Wall">The time of day: for schedules, records and people.</param>
/// <param name="Steady">The time of a clock that nobody can set: for delays and deadlines.</param>
internal readonly record struct Moment(DateTimeOffset Wall, DateTimeOffset Steady)
{
    /// <summary>The time of day at a moment of the steady clock.</summary>
    public DateTimeOffset ToWall(DateTimeOffset steady) => Wall + (steady - Steady);
}
