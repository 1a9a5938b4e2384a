using System.Text.Json;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tests.Engine;

/// <summary>One app under one policy, on a clock of its own; decisions are carried out unless told otherwise.</summary>
internal sealed class Cluster
{
    public const string App = "/search";
    private DecisionEngine _engine = new();
    private PolicySet _policies = PolicySet.Empty;

    public Cluster(string policy, int instances)
    {
        Use(policy);
        Instances = Healthy = instances;
    }

    public FakeMetrics Metrics { get; } = new();

    public DateTimeOffset Now { get; set; } = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    /// <summary>How far the wall clock is off what has passed.</summary>
    public TimeSpan Jump { get; set; }

    public int Instances { get; set; }

    public int Healthy { get; set; }

    public int Staged { get; set; }

    public bool Deploying { get; set; }

    /// <summary>Whether counts come about at once, healthy.</summary>
    public bool Applies { get; set; } = true;

    public DecisionEngine Engine => _engine;

    public void Use(string policy)
    {
        var file = PolicyParser.Parse("p.yml", policy);
        Assert.Equal([], file.Problems.Where(problem => problem.Severity == PolicySeverity.Error)
            .Select(problem => problem.ToString()));
        _engine.Use(_policies = new PolicySet(file.Policies));
    }

    /// <summary>Another process goes on with what this one remembers of the app, which is something.</summary>
    public void Restart()
    {
        var stored = JsonSerializer.Serialize(_engine.Memory(App)!.Value.Export("it", asked: true));
        var read = JsonSerializer.Deserialize<StoredMemory>(stored)!;
        Assert.True(read.IsSound && !read.IsPlain);
        _engine = new DecisionEngine();
        _engine.Use(_policies);
        _engine.UseMemory(_ => read);
    }

    public Decision Tick(int seconds = 5)
    {
        Now += TimeSpan.FromSeconds(seconds);
        var decision = _engine.Decide(
            new AppRef(App, null), new AppFacts(App, Instances, Healthy, Staged, Deploying, Now + Jump) { Steady = Now },
            Metrics)!;
        if (Applies && !decision.DryRun) Instances = Healthy = decision.To;
        return decision;
    }

    /// <summary>Ticks for a while and gives the counts after each tick.</summary>
    public List<int> Run(TimeSpan time, int seconds = 5)
    {
        var counts = new List<int>();
        for (var t = TimeSpan.Zero; t < time; t += TimeSpan.FromSeconds(seconds))
        {
            Tick(seconds);
            counts.Add(Instances);
        }

        return counts;
    }

}
