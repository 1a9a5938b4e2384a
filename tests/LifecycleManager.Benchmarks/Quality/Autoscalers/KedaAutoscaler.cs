using LifecycleManager.Benchmarks.Quality.Models;
using LifecycleManager.Benchmarks.Quality.Service;

namespace LifecycleManager.Benchmarks.Quality.Autoscalers;

/// <summary>
/// KEDA with a trigger <c>prometheus</c> on the requests of a minute: polled every 30 s for whether it is active; its HPA asks
/// for the value itself, every 15 s. Prometheus scrapes every 15 s.
/// </summary>
internal sealed class KedaAutoscaler(ServiceModel model, int seed) : IAutoscaler
{
    private const int Scrape = 15;
    private const int Polling = 30;
    private const int Window = 60;
    private const int Milli = 1000;
    private readonly HpaReplicas _replicas = new();
    private readonly KedaActivation _activation = new() { Min = model.Bounds.Min };
    private readonly CounterWindow _requests = new(instance => instance.Requests, Window);
    private readonly HpaController _controller = new() { Min = model.Bounds.Min, Max = model.Bounds.Max };
    private readonly int _phase = new Random(seed).Next(Scrape);

    /// <inheritdoc />
    public string Name => "KEDA, requests";

    /// <inheritdoc />
    public int? Look(SimulatedService service)
    {
        if (service.Now % Scrape == 0) _requests.Sample(service);
        var (count, rate) = (service.Instances.Count, service.Instances.Sum(one => _requests.Rate(one)?.Rate ?? 0));
        if (service.Now % Polling == _phase && _activation.Poll(service.Now, count, rate) is var polled && polled != count)
            return polled;
        if (service.Now % Scrape != _phase) return null;
        var target = (long)(service.Model.Capacity * service.Model.Target * Milli);
        return _controller.Turn(service.Now, count, [_replicas.AverageOf(count, target, (long)(rate * Milli)).Count]);
    }
}
