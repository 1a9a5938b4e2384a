namespace LifecycleManager.Benchmarks.Quality.Service;

/// <summary>What sets the count of a simulated service.</summary>
internal interface IAutoscaler
{
    /// <summary>What people know it by.</summary>
    string Name { get; }

    /// <summary>Is shown the service after each second.</summary>
    /// <returns>The count that it sets; null where it sets none.</returns>
    int? Look(SimulatedService service);
}
