namespace LifecycleManager.Scaling.Evaluation;

/// <summary>An instant by two clocks.</summary>
/// <param name="Wall">The wall clock's: for schedules, records and people.</param>
/// <param name="Steady">A clock's that nobody sets: for whatever is waited for.</param>
internal readonly record struct Instant(DateTimeOffset Wall, DateTimeOffset Steady)
{
    /// <summary>The wall clock's time of an instant of the steady clock.</summary>
    public DateTimeOffset ToWall(DateTimeOffset steady) => Wall + (steady - Steady);
}
