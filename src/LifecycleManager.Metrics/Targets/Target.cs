namespace LifecycleManager.Metrics.Targets;

/// <summary>A running instance, as a source of targets knows it.</summary>
/// <param name="Id">Unique: the task's id, or the source's own.</param>
/// <param name="App">The absolute app id.</param>
/// <param name="Host">A name or address.</param>
/// <param name="Ports">Ports on that host.</param>
/// <param name="Started">When it ran; null where unknown.</param>
/// <param name="Healthy">
/// The verdict of the source's health checks; null where there is none yet, true where nothing is checked.
/// </param>
internal sealed record Target(
    string Id, string App, string Host, IReadOnlyList<int> Ports, DateTimeOffset? Started, bool? Healthy)
{
    /// <summary>Whether somebody checks its health; where nobody does, its actuator is asked.</summary>
    public bool IsChecked { get; init; }

    /// <summary>
    /// When its health checks first succeeded, by the clock that <see cref="Started"/> is of; null where unknown.
    /// </summary>
    public DateTimeOffset? FirstHealthy { get; init; }

    /// <summary>The path that the source gives, which goes before the app's label.</summary>
    public string? Path { get; init; }

    /// <summary>
    /// The parameters of a query that the source gives, escaped, which go before the app's labels; null for none.
    /// </summary>
    public string? Parameters { get; init; }

    /// <summary>The scheme that the source gives, which goes before the app's label.</summary>
    public string? Scheme { get; init; }
}

/// <summary>An app and what its labels say about its metrics.</summary>
internal sealed record TargetApp(string Id, AppMetricsLabels Labels);

/// <summary>All apps and running instances at one moment.</summary>
internal sealed record TargetSnapshot(IReadOnlyDictionary<string, TargetApp> Apps, IReadOnlyList<Target> Targets)
{
    public static TargetSnapshot Empty { get; } = new(new Dictionary<string, TargetApp>(), []);
}
