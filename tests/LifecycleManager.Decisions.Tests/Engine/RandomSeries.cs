using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;

namespace LifecycleManager.Decisions.Tests.Engine;

/// <summary>Two apps whose numbers wander.</summary>
internal sealed class RandomSeries(Random random)
{
    private static readonly string[] Names = ["sum", "avg", "most", "each", "queue"];

    private readonly Dictionary<string, int> _counts = new() { ["/a"] = random.Next(6), ["/a2"] = random.Next(6) };
    private DateTimeOffset _steady = new(2026, 11, 24, 11, 58, 0, TimeSpan.Zero);
    private TimeSpan _off;

    /// <summary>How far the wall clock is off.</summary>
    public TimeSpan Off => _off;

    public IEnumerable<string> Apps => _counts.Keys;

    // The oracle knows of no idle metric, and its target rules alone know of instances that start: see AbsencePropertyTests.
    public FakeMetrics Metrics { get; } = new() { PassesOverStarting = true };

    public void Next()
    {
        _steady += TimeSpan.FromSeconds(random.Next(1, 12));
        if (random.Next(60) == 0) _off += TimeSpan.FromMinutes(random.Next(-10, 10));
        foreach (var name in Names)
        {
            switch (random.Next(8))
            {
                case 0:
                    Metrics.Clear(name);
                    break;
                case 1 when name != "queue":
                    Metrics.Clear(name);
                    Metrics.Instances(name, [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ =>
                        (random.Next(4) == 0 ? double.NaN : random.Next(40) / 2.0, random.Next(5) > 0 || name == "each"))]);
                    break;
                case 2 or 3:
                    Metrics.Clear(name);
                    Metrics[name] = random.Next(4) == 0 ? random.NextDouble() : random.Next(100);
                    break;
            }
        }

        foreach (var app in Apps.ToList())
        {
            if (random.Next(25) == 0) _counts[app] = random.Next(12);
        }
    }

    public AppFacts Facts(string app)
    {
        var instances = _counts[app];
        var healthy = random.Next(3) == 0 ? random.Next(instances + 1) : instances;
        return new AppFacts(app, instances, healthy, random.Next(3) == 0 ? random.Next(instances - healthy + 1) : 0,
            random.Next(4) == 0, _steady + _off)
        {
            Steady = _steady,
        };
    }

    public void Apply(string app, Decision decision)
    {
        if (!decision.DryRun && random.Next(8) > 0) _counts[app] = decision.To;
    }
}
