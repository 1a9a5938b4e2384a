namespace LifecycleManager.Decisions.Facts;

/// <summary>What is known of one app at one tick, apart from its metrics.</summary>
/// <param name="App">The absolute app id.</param>
/// <param name="Instances">The instance count asked of the scheduler.</param>
/// <param name="Healthy">How many instances run and are healthy (or run, where the app has no health check).</param>
/// <param name="Staged">How many instances are on their way: staged, starting, or waiting for an offer.</param>
/// <param name="Deploying">Whether a deployment of the app is under way.</param>
/// <param name="Now">The instant of the tick, by the wall clock: schedules and seasons go by it, and what people read.</param>
public readonly record struct AppFacts(string App, int Instances, int Healthy, int Staged, bool Deploying, DateTimeOffset Now)
{
    /// <summary>
    /// The same instant by a clock that only goes on, whatever is done to the wall clock: waits, windows, limits and cooldowns go
    /// by it. The wall clock's where nothing else is said.
    /// </summary>
    public DateTimeOffset Steady { get; init; } = Now;

    /// <summary>How many of the instances that were asked for have no place yet; null where the target does not say.</summary>
    public int? Waiting { get; init; }

    /// <summary>
    /// The count that people have ordered, over what its policy decides: what others see that it wants. Null for none.
    /// </summary>
    public int? Ordered { get; init; }

    /// <summary>The wall clock's time of an instant of the steady clock.</summary>
    internal DateTimeOffset Wall(DateTimeOffset steady) => Now - (Steady - steady);
}
