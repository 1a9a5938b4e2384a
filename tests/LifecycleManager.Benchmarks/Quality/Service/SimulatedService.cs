namespace LifecycleManager.Benchmarks.Quality.Service;

/// <summary>
/// A service under a load, in steps of a second: instances that take their time to start, cpu that saturates, requests that wait
/// while there is too little of it, and callers who give up. One queue, which all that serve share alike.
/// </summary>
internal sealed class SimulatedService
{
    private const double FullLoad = 0.999;
    private readonly List<ServiceInstance> _instances = [];
    private readonly Random _random;
    private double _waiting;
    private int _made;

    /// <param name="model">How it behaves.</param>
    /// <param name="seed">Of how long starts take.</param>
    /// <param name="instances">How many serve at the start.</param>
    public SimulatedService(ServiceModel model, int seed, int instances)
    {
        (Model, _random) = (model, new Random(seed));
        for (var i = 0; i < instances; i++) _instances.Add(new ServiceInstance(_made++, -3600, -3600, -3600));
    }

    /// <summary>How it behaves.</summary>
    public ServiceModel Model { get; }

    /// <summary>Seconds from the start.</summary>
    public int Now { get; private set; }

    /// <summary>Those that were asked for, the oldest first.</summary>
    public IReadOnlyList<ServiceInstance> Instances => _instances;

    /// <summary>How many of them serve.</summary>
    public int Serving { get; private set; }

    /// <summary>How long a request took that came in the last second; infinite where nobody serves.</summary>
    public double Latency { get; private set; }

    /// <summary>The requests of the last second whose callers gave up.</summary>
    public double Lost { get; private set; }

    /// <summary>A second passes.</summary>
    /// <param name="load">The requests that come in it.</param>
    public void Step(double load)
    {
        Now++;
        Serving = _instances.Count(instance => instance.ServesAt <= Now);
        var capacity = Serving * Model.Capacity;
        _waiting += load;
        var served = Math.Min(_waiting, capacity);
        _waiting -= served;
        Lost = Math.Max(0, _waiting - (capacity * Model.Patience));
        _waiting -= Lost;
        // Instances share their cpu among the requests that they have at once.
        var used = capacity > 0 ? served / capacity : 1;
        Latency = capacity > 0 ? (Model.ServiceTime / (1 - Math.Min(used, FullLoad))) + (_waiting / capacity)
            : load > 0 ? double.PositiveInfinity : 0;
        foreach (var instance in _instances)
        {
            if (instance.StartedAt >= Now) continue;
            if (instance.ServesAt > Now)
            {
                instance.CpuSeconds++;
                continue;
            }

            instance.CpuSeconds += Model.IdleCpu + ((1 - Model.IdleCpu) * used);
            instance.Requests += served / Serving;
        }
    }

    /// <summary>Sets the count: new instances start, and of those there are the youngest go, at once.</summary>
    public void Scale(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        while (_instances.Count < count)
        {
            var started = Now + Model.Placement;
            var serves = started + _random.Next(Model.LeastStart, Model.MostStart + 1);
            _instances.Add(new ServiceInstance(_made++, Now, started, serves));
        }

        if (count < _instances.Count) _instances.RemoveRange(count, _instances.Count - count);
    }
}
