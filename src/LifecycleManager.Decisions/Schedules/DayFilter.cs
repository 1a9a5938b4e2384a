namespace LifecycleManager.Decisions.Schedules;

/// <summary>On which local days a schedule fires: business days, holidays, the days of a calendar file.</summary>
public abstract class DayFilter
{
    /// <summary>As people write it.</summary>
    public abstract string Text { get; }

    /// <summary>Whether a schedule fires on a local day.</summary>
    public abstract bool Includes(DateOnly day);
}
