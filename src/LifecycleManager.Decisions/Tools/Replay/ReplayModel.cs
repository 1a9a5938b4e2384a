using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tools.Replay;

/// <summary>The model of the app that a replay scales.</summary>
/// <param name="Load">The column that is the load: a total, whatever the count.</param>
/// <param name="Capacity">How much of the load one instance carries.</param>
/// <param name="Startup">How long an instance takes to serve.</param>
/// <param name="Objective">The utilization over which the service objective is violated: 1 is all there is.</param>
/// <param name="Instances">The count at the start.</param>
internal sealed record ReplayModel(string Load, double Capacity, TimeSpan Startup, double Objective, int Instances)
{
    /// <summary>The model of one app; null after what is missing was written.</summary>
    /// <param name="options">What was asked for.</param>
    /// <param name="policy">The app's policy.</param>
    /// <param name="columns">What was recorded of the app.</param>
    /// <param name="app">The app, where there are several; else null.</param>
    /// <param name="error">Gets what is missing.</param>
    public static ReplayModel? Of(
        ReplayOptions options, Policy policy, IReadOnlyDictionary<string, double[]> columns, string? app, TextWriter error)
    {
        var load = options.Load is { } asked && (app is null || columns.ContainsKey(asked)) ? asked
            : policy.Metrics.Select(metric => metric.Name).FirstOrDefault(columns.ContainsKey);
        var who = app is null ? "" : app + ": ";
        if (load is null || !columns.TryGetValue(load, out var loads))
        {
            var column = load ?? "of any metric of the policy";
            error.WriteLine($"{who}the data has no column '{column}'; it has {string.Join(", ", columns.Keys)}");
            return null;
        }

        var counts = columns.GetValueOrDefault("instances");
        var capacity = app is not null && options.Capacities.TryGetValue(app, out var own) ? own
            : options.Capacity ?? (counts is null ? double.NaN : Busiest(loads, counts));
        if (!(capacity > 0))
        {
            error.WriteLine(
                $"{who}say how much of the load one instance carries (the capacity); "
                + "it can only be guessed from recorded 'instances'");
            return null;
        }

        if (options.Startup < TimeSpan.Zero || !(options.Objective > 0))
        {
            error.WriteLine("the start-up time must not be negative, and the objective must be over 0");
            return null;
        }

        var first = options.Instances ?? (counts is { } known && !double.IsNaN(known[0])
            ? (int)known[0] : Math.Max(1, policy.Instances.Min));
        return new ReplayModel(app is null ? load : $"{app}:{load}", capacity, options.Startup, options.Objective, first);
    }

    /// <summary>The 99th percentile of load per recorded instance.</summary>
    private static double Busiest(double[] loads, double[] counts)
    {
        var shares = loads.Zip(counts, (load, count) => load / count).Where(double.IsFinite).Order().ToList();
        return shares.Count == 0 ? double.NaN : shares[(int)(0.99 * (shares.Count - 1))];
    }
}
