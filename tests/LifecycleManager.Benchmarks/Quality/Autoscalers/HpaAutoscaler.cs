using LifecycleManager.Benchmarks.Quality.Models;
using LifecycleManager.Benchmarks.Quality.Service;

namespace LifecycleManager.Benchmarks.Quality.Autoscalers;

/// <summary>
/// The HPA at its defaults with the cpu for its metric: metrics-server measures every 15 s, the controller turns every 15 s.
/// </summary>
internal sealed class HpaAutoscaler : IAutoscaler
{
    private const int Period = 15;
    private const int Milli = 1000;
    private readonly HpaReplicas _replicas = new();
    private readonly CounterWindow _cpu = new(instance => instance.CpuSeconds, Period);
    private readonly HpaController _controller;
    private readonly int _phase;

    /// <param name="model">The bounds and the target.</param>
    /// <param name="seed">Of how long after a measurement a turn comes.</param>
    /// <param name="hasBehavior">Whether the object has a behavior, with its defaults; else the older limits hold.</param>
    public HpaAutoscaler(ServiceModel model, int seed, bool hasBehavior = true)
    {
        Name = hasBehavior ? "Kubernetes HPA" : "Kubernetes HPA, no behavior";
        _phase = new Random(seed).Next(Period);
        _controller = new HpaController { Min = model.Bounds.Min, Max = model.Bounds.Max, HasBehavior = hasBehavior };
    }

    /// <inheritdoc />
    public string Name { get; }

    /// <inheritdoc />
    public int? Look(SimulatedService service)
    {
        if (service.Now % Period == 0) _cpu.Sample(service);
        if (service.Now % Period != _phase) return null;
        var count = service.Instances.Count;
        var answer = _replicas.Utilization(
            count, (long)Math.Round(service.Model.Target * 100), [.. service.Instances.Select(one => Pod(one, service.Now))],
            isCpu: true);
        return _controller.Turn(service.Now, count, [answer.Error == HpaError.None ? answer.Count : null]);
    }

    private HpaPod Pod(ServiceInstance instance, int now)
    {
        var isReady = instance.ServesAt <= now;
        var rate = _cpu.Rate(instance);
        return new HpaPod
        {
            Phase = instance.StartedAt > now ? PodPhase.Pending : PodPhase.Running,
            Ready = isReady ? ReadyCondition.True : ReadyCondition.False,
            StartedAt = instance.OrderedAt - now,
            ReadySince = (isReady ? instance.ServesAt : instance.OrderedAt) - now,
            Usage = rate is { } measured ? (long)(measured.Rate * Milli) : null,
            MeasuredAt = rate is { } at ? at.At - now : 0,
            Window = rate is { } window ? window.Window : 0,
        };
    }
}
