namespace LifecycleManager.Benchmarks.Quality.Service;

/// <summary>A counter of each instance, sampled now and then: what metrics servers make rates of.</summary>
/// <param name="counter">What is sampled.</param>
/// <param name="keep">How long samples are kept, seconds.</param>
internal sealed class CounterWindow(Func<ServiceInstance, double> counter, int keep)
{
    private readonly Dictionary<int, List<(int At, double Value)>> _samples = [];

    /// <summary>Samples all instances whose process runs.</summary>
    public void Sample(SimulatedService service)
    {
        var running = service.Instances.Where(instance => instance.StartedAt < service.Now).ToList();
        foreach (var gone in _samples.Keys.Except(running.Select(instance => instance.Id)).ToList()) _samples.Remove(gone);
        foreach (var instance in running)
        {
            if (!_samples.TryGetValue(instance.Id, out var samples)) _samples.Add(instance.Id, samples = []);
            samples.Add((service.Now, counter(instance)));
            samples.RemoveAll(sample => sample.At < service.Now - keep);
        }
    }

    /// <summary>An instance's rate over what is kept, with when that ended; null before it was sampled twice.</summary>
    public (double Rate, int At, int Window)? Rate(ServiceInstance instance)
    {
        if (!_samples.TryGetValue(instance.Id, out var samples) || samples.Count < 2) return null;
        var (first, last) = (samples[0], samples[^1]);
        return ((last.Value - first.Value) / (last.At - first.At), last.At, last.At - first.At);
    }
}
