namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>For how long an app's instances count as starting.</summary>
/// <param name="Time">From the start on; 0 or more.</param>
/// <param name="Source">Who says so.</param>
/// <param name="Starts">How many starts were measured, 0 to 20.</param>
public readonly record struct StartupTime(TimeSpan Time, StartupSource Source, int Starts);

/// <summary>Where a <see cref="StartupTime"/> is from; the first of these that there is.</summary>
public enum StartupSource
{
    /// <summary>The policy's <c>startup</c>.</summary>
    Policy,

    /// <summary>The app's label <c>lcm.metrics.startup</c>.</summary>
    Label,

    /// <summary>The app's own history: by then 9 of 10 of the last instances were up.</summary>
    Learnt,

    /// <summary>The manager's <c>--startup-time</c>.</summary>
    Usual,
}
