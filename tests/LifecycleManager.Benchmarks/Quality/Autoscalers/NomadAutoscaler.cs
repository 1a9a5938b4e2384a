using LifecycleManager.Benchmarks.Quality.Models;
using LifecycleManager.Benchmarks.Quality.Service;

namespace LifecycleManager.Benchmarks.Quality.Autoscalers;

/// <summary>
/// The Nomad Autoscaler at its defaults: evaluated every 10 s, 5 minutes of cooldown after each change. Its metric is the cpu of
/// the last minute: by <c>nomad-apm</c> for target-value, which takes the present one; by Prometheus, with a value a second, for
/// thresholds, since one value cannot meet their five.
/// </summary>
internal sealed class NomadAutoscaler(ServiceModel model, bool isThreshold) : IAutoscaler
{
    private const int Evaluation = 10;
    private const int Cooldown = 300;
    private const int Measured = 15;
    private const int Window = 60;
    private const double Margin = 0.2;
    private readonly CounterWindow _now = new(instance => instance.CpuSeconds, isThreshold ? Measured : 1);
    private readonly Queue<double> _values = [];
    private double _value = double.NaN;
    private int _changed = -Cooldown;

    /// <inheritdoc />
    public string Name => isThreshold ? "Nomad threshold" : "Nomad target-value";

    /// <inheritdoc />
    public int? Look(SimulatedService service)
    {
        Measure(service);
        if (service.Now % Evaluation != 0 || service.Now - _changed < Cooldown || !double.IsFinite(_value)) return null;
        var (count, target) = (service.Instances.Count, service.Model.Target);
        var wanted = isThreshold
            ? NomadStrategies.Threshold(count, [.. _values], target + Margin, double.MaxValue, NomadStrategies.Delta(1))
                ?? NomadStrategies.Threshold(count, [.. _values], double.MinValue, target - Margin, NomadStrategies.Delta(-1))
            : NomadStrategies.TargetValue(count, _value * 100, target * 100);
        if (wanted is not { } to || model.Clamp(to) == count) return null;
        _changed = service.Now;
        return model.Clamp(to);
    }

    private void Measure(SimulatedService service)
    {
        if (!isThreshold || service.Now % Measured == 0)
        {
            _now.Sample(service);
            var rates = service.Instances.Select(_now.Rate).Where(rate => rate is not null).ToList();
            if (rates.Count > 0) _value = rates.Average(rate => rate!.Value.Rate);
        }

        if (!double.IsFinite(_value)) return;
        _values.Enqueue(_value);
        if (_values.Count > Window) _values.Dequeue();
    }
}
