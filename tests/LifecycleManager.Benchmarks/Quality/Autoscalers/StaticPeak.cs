using LifecycleManager.Benchmarks.Quality.Service;

namespace LifecycleManager.Benchmarks.Quality.Autoscalers;

/// <summary>What the greatest load of a minute needs, always.</summary>
/// <param name="count">The count.</param>
internal sealed class StaticPeak(int count) : IAutoscaler
{
    /// <inheritdoc />
    public string Name => "static peak";

    /// <inheritdoc />
    public int? Look(SimulatedService service) => count;
}
