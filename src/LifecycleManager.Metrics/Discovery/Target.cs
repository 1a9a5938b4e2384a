namespace LifecycleManager.Metrics.Discovery;

/// <summary>A running instance, as a source of targets knows it.</summary>
/// <param name="Id">Unique: the task's id.</param>
/// <param name="App">The absolute app id.</param>
/// <param name="Host">A name or address.</param>
/// <param name="Ports">Ports on that host.</param>
/// <param name="Started">When it ran; null where unknown.</param>
/// <param name="Healthy">The verdict of the scheduler's health checks; null where there is none yet, true where the app has none.</param>
internal sealed record Target(string Id, string App, string Host, IReadOnlyList<int> Ports, DateTimeOffset? Started, bool? Healthy);

/// <summary>An app and what its labels say about its metrics.</summary>
internal sealed record TargetApp(string Id, AppMetricsLabels Labels);

/// <summary>All apps and running instances at one moment.</summary>
internal sealed record TargetSnapshot(IReadOnlyDictionary<string, TargetApp> Apps, IReadOnlyList<Target> Targets)
{
    public static TargetSnapshot Empty { get; } = new(new Dictionary<string, TargetApp>(), []);
}
