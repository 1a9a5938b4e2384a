using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools.Simulation;

namespace LifecycleManager.Decisions.Tools.Replay;

/// <summary>What a policy would have made of the recorded load.</summary>
internal sealed record ReplayResult
{
    public required string Name { get; init; }

    /// <summary>The count after each step.</summary>
    public required int[] Instances { get; init; }

    /// <summary>The load as a share of what the serving instances can carry; NaN where no load was recorded.</summary>
    public required double[] Utilization { get; init; }

    public required TimeSpan Step { get; init; }

    public int ScaleOuts { get; init; }

    public int ScaleIns { get; init; }

    /// <summary>Changes that turned the direction of one less than ten minutes before.</summary>
    public int Flaps { get; init; }

    /// <summary>The share of the load that came while nobody could carry it.</summary>
    public double Unserved { get; init; }

    /// <summary>How long the utilization was over the objective.</summary>
    public TimeSpan Violation { get; init; }

    /// <summary>How often it went over the objective.</summary>
    public int Violations { get; init; }

    public double InstanceHours => Instances.Sum(count => (double)count) * Step.TotalHours;

    public double MeanInstances => Instances.Average();

    public int PeakInstances => Instances.Max();

    public double MeanUtilization => Utilization.Where(value => !double.IsNaN(value)).DefaultIfEmpty(double.NaN).Average();
}

/// <summary>Runs policies over recorded metrics.</summary>
internal static class ReplayRun
{
    /// <param name="policy">The policy.</param>
    /// <param name="data">What was recorded.</param>
    /// <param name="model">How the app behaves.</param>
    /// <param name="utilization">Metrics of the policy that follow the utilization, whatever was recorded: cpu, for one.</param>
    /// <param name="cancellation">Ends the run.</param>
    public static ReplayResult Of(Policy policy, ReplayData data, ReplayModel model, IReadOnlySet<string> utilization,
        CancellationToken cancellation)
    {
        var reference = new AppRef("/replay", null);
        var app = new ReplayedApp(reference, policy, data.Columns, model, data, utilization);
        Run(new PolicySet([policy with { App = new AppSelector { Ids = [reference.Id] } }]), null, data, [app], cancellation);
        return app.Result(policy.Name)!;
    }

    /// <summary>Runs policies with what ties their apps together; what only watches acts here.</summary>
    public static void Run(
        PolicySet set, ICodeRules? code, ReplayData data, IReadOnlyList<ReplayedApp> apps, CancellationToken cancellation)
    {
        var engine = new DecisionEngine();
        engine.Use(new PolicySet([.. set.Policies.Select(policy => policy with { DryRun = false, Pause = Pause.None })])
        {
            Coordinations = [.. set.Coordinations.Select(coordination => coordination with { DryRun = false })],
            Budgets = set.Budgets,
        });
        engine.UseCode(code);
        engine.Know([.. apps.Select(app => app.Reference)]);
        var metrics = new SimulatedMetrics();
        foreach (var app in apps.Where(app => app.Metrics is not null)) metrics.Add(app.Reference.Id, app.Metrics!);
        var byId = apps.ToDictionary(app => app.Reference.Id, StringComparer.Ordinal);
        var facts = new (AppRef, AppFacts)[apps.Count];
        for (var row = 0; row < data.Length; row++)
        {
            cancellation.ThrowIfCancellationRequested();
            var now = data.Start + (row * data.Step);
            for (var i = 0; i < facts.Length; i++) facts[i] = (apps[i].Reference, apps[i].Observe(row, now));
            engine.DecideAll(facts, metrics, (app, decision, fault) =>
            {
                if (fault is not null)
                    throw new InvalidOperationException($"The rules of {app.Id} failed: {fault.Message}", fault);
                byId[app.Id].Conclude(decision!.To, now);
            });
        }
    }

    /// <summary>What really ran, from the recorded counts; null where none were recorded.</summary>
    public static ReplayResult? Recorded(ReplayData data, ReplayModel model, double[]? counts)
    {
        if (counts is null) return null;
        var tally = new ReplayTally(data, model);
        var last = 0;
        for (var i = 0; i < data.Length; i++)
        {
            var instances = double.IsNaN(counts[i]) ? last : (int)Math.Round(counts[i]);
            tally.Add(i, instances, i > 0 ? instances - last : 0, instances);
            last = instances;
        }

        return tally.Result("recorded");
    }
}
