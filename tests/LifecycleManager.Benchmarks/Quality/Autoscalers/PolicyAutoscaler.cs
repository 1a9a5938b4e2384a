using LifecycleManager.Benchmarks.Quality.Service;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Benchmarks.Quality.Autoscalers;

/// <summary>
/// A policy in the decision engine, as the manager runs it at its defaults: measured every 5 s, decided a second later.
/// </summary>
internal sealed class PolicyAutoscaler : IAutoscaler
{
    private const int Lag = 1;
    private readonly DecisionEngine _engine = new();
    private readonly ServiceMetrics _metrics = new();
    private readonly AppRef _app;

    /// <param name="name">What it is called.</param>
    /// <param name="policy">The policy's text.</param>
    /// <param name="app">An app that it governs.</param>
    /// <exception cref="FormatException">The policy is refused, or does not govern the app; the message says why.</exception>
    public PolicyAutoscaler(string name, string policy, string app)
    {
        (Name, _app) = (name, new AppRef(app, null));
        var file = PolicyParser.Parse(name, policy);
        if (file.Refused) throw new FormatException(string.Join('\n', file.Problems));
        _engine.Use(new PolicySet(file.Policies));
        if (_engine.PolicyOf(_app) is null) throw new FormatException($"{name} does not govern {app}");
    }

    /// <inheritdoc />
    public string Name { get; }

    /// <inheritdoc />
    public int? Look(SimulatedService service)
    {
        if (service.Now % ServiceMetrics.Interval == 0) _metrics.Measure(service);
        if (service.Now % ServiceMetrics.Interval != Lag) return null;
        var (count, healthy) = (service.Instances.Count, service.Instances.Count(one => one.ServesAt <= service.Now));
        var facts = new AppFacts(
            _app.Id, count, healthy, count - healthy, healthy < count, ServiceMetrics.Wall(service.Now));
        return _engine.Decide(_app, facts, _metrics)!.To;
    }
}
