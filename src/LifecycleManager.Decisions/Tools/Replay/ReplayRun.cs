using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools.Simulation;
using LifecycleManager.Metrics.Core.Queries;

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

/// <summary>The model of the app that a replay scales.</summary>
/// <param name="Load">The column that is the load: a total, whatever the count.</param>
/// <param name="Capacity">How much of the load one instance carries.</param>
/// <param name="Startup">How long an instance takes to serve.</param>
/// <param name="Objective">The utilization over which the service objective is violated: 1 is all there is.</param>
/// <param name="Instances">The count at the start.</param>
internal sealed record ReplayModel(string Load, double Capacity, TimeSpan Startup, double Objective, int Instances);

/// <summary>Runs one policy over recorded metrics.</summary>
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
        const string App = "/replay";
        using var engine = new DecisionEngine(new BuiltInRuleEngine());
        engine.Use(new PolicySet([policy with { App = new AppSelector { Ids = [App] }, DryRun = false, Pause = Pause.None }]));
        var load = data.Columns[model.Load];
        var series = data.Columns.ToDictionary(column => column.Key, column => new[] { column.Value }, StringComparer.Ordinal);
        // A metric that follows the utilization only needs a column to be known; its values come from the model.
        foreach (var name in utilization) series[name] = [new double[data.Length]];
        var app = new SimulatedApp(App, Math.Clamp(model.Instances, policy.Instances.Min, policy.Instances.Max), model.Startup);
        var shared = Shared(policy, data);
        var (row, ready) = (0, app.Instances);
        var recorded = data.Columns.GetValueOrDefault("instances");
        var metrics = new SeriesMetrics(policy, series, data.Start, data.Step)
        {
            Adjust = (name, value) =>
            {
                if (utilization.Contains(name)) return ready == 0 ? double.NaN : load[row] / (ready * model.Capacity);
                // An average that was recorded over other instances is shared by those there are now.
                if (shared.Contains(name) && ready > 0 && recorded![row] > 0) return value * recorded[row] / ready;
                return value;
            },
        };

        var tally = new ReplayTally(data, model);
        var reference = new AppRef(App, null);
        for (row = 0; row < data.Length; row++)
        {
            cancellation.ThrowIfCancellationRequested();
            var now = data.Start + (row * data.Step);
            ready = app.Ready(now);
            metrics.Ready = ready;
            var decision = engine.Decide(reference, app.Facts(now), metrics)!;
            var change = decision.To - app.Instances;
            if (change != 0) app.Scale(decision.To, now);
            tally.Add(row, ready, change, app.Instances);
        }

        return tally.Result(policy.Name);
    }

    /// <summary>What really ran, from the recorded counts; null where none were recorded.</summary>
    public static ReplayResult? Recorded(ReplayData data, ReplayModel model)
    {
        if (!data.Columns.TryGetValue("instances", out var counts)) return null;
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

    private static HashSet<string> Shared(Policy policy, ReplayData data) => !data.Columns.ContainsKey("instances")
        ? []
        : [.. policy.Metrics.Where(metric => metric.Query.Across == Aggregation.Avg
            && metric.Query.Source is MetricSource.Actuator or MetricSource.Prometheus or MetricSource.Container)
            .Select(metric => metric.Name)];
}
