using LifecycleManager.Benchmarks.Quality.Models;
using LifecycleManager.Benchmarks.Quality.Service;

namespace LifecycleManager.Benchmarks.Quality.Autoscalers;

/// <summary>marathon-autoscale as its examples have it: the cpu of a second, polled every 30 s.</summary>
internal sealed class MarathonAutoscaler(ServiceModel model) : IAutoscaler
{
    private const int Interval = 30;
    private const double Margin = 20;
    private readonly CounterWindow _cpu = new(instance => instance.CpuSeconds, 1);

    private readonly MarathonAutoscale _polls = new()
    {
        Min = model.Bounds.Min,
        Max = model.Bounds.Max,
        Range = ((model.Target * 100) - Margin, (model.Target * 100) + Margin),
    };

    /// <inheritdoc />
    public string Name => "marathon-autoscale";

    /// <inheritdoc />
    public int? Look(SimulatedService service)
    {
        if (service.Now % Interval is 0 or Interval - 1) _cpu.Sample(service);
        if (service.Now % Interval != 0) return null;
        var rates = service.Instances.Where(one => one.StartedAt < service.Now).Select(_cpu.Rate).ToList();
        // An instance without two measurements leaves the poll without a value.
        var value = rates.Count == 0 || rates.Contains(null) ? -1 : rates.Average(rate => rate!.Value.Rate) * 100;
        return _polls.Poll(service.Instances.Count, value);
    }
}
