using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools.Simulation;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tools.Replay;

/// <summary>One app of a replay: what was recorded of it, and the model that is scaled in its place.</summary>
internal sealed class ReplayedApp
{
    // What starts compiles and fills caches with all the cpu that it may have.
    private const double FullCpu = 1;

    private readonly IReadOnlyDictionary<string, double[]> _columns;
    private readonly ReplayModel? _model;
    private readonly double[]? _load;
    private readonly double[]? _recorded;
    private readonly SimulatedApp _app;
    private readonly ReplayTally? _tally;
    private readonly int[] _readyAt;
    private readonly ReplayData _data;
    private int _row;
    private int _ready;
    private int _seen;

    /// <param name="app">The app.</param>
    /// <param name="policy">The policy that governs it; null for one that is read alone and has what was recorded.</param>
    /// <param name="columns">What was recorded of it, by metric.</param>
    /// <param name="model">How it behaves; null where no policy governs it.</param>
    /// <param name="data">The whole recording.</param>
    /// <param name="utilization">Metrics that follow the utilization, whatever was recorded.</param>
    public ReplayedApp(
        AppRef app, Policy? policy, IReadOnlyDictionary<string, double[]> columns, ReplayModel? model, ReplayData data,
        IReadOnlySet<string> utilization)
    {
        (Reference, _columns, _model, _data, _readyAt) = (app, columns, model, data, new int[data.Length]);
        _recorded = columns.GetValueOrDefault("instances");
        _app = new SimulatedApp(app.Id, First(policy, model, _recorded), model?.Startup ?? TimeSpan.Zero);
        if (policy is null || model is null) return;
        _load = data.Columns[model.Load];
        _tally = new ReplayTally(data, model);
        Metrics = Read(policy, data, utilization);
    }

    public AppRef Reference { get; }

    /// <summary>Its metrics; null where no policy reads them.</summary>
    public SeriesMetrics? Metrics { get; }

    /// <summary>Its counts at a step.</summary>
    public AppFacts Observe(int row, DateTimeOffset now)
    {
        _row = row;
        _seen = (int)Math.Max(0, Math.Floor(row - (_data.Lag / _data.Step)));
        if (_model is null && _recorded is not null && !double.IsNaN(_recorded[row]))
            _app.Scale((int)Math.Round(_recorded[row]), now);
        if (_columns.TryGetValue("waiting", out var waiting)) _app.Waiting = double.IsNaN(waiting[row]) ? 0 : (int)waiting[row];
        var facts = _app.Facts(now);
        _ready = _readyAt[row] = facts.Healthy;
        if (Metrics is not null) (Metrics.Ready, Metrics.Starting) = (_ready, facts.Staged);
        return facts;
    }

    /// <summary>Carries out what was decided, and counts it.</summary>
    public void Conclude(int count, DateTimeOffset now)
    {
        var change = count - _app.Instances;
        if (change != 0) _app.Scale(count, now);
        _tally?.Add(_row, _ready, change, _app.Instances);
    }

    /// <summary>The sums after the last step; null where no policy governs it.</summary>
    public ReplayResult? Result(string name) => _tally?.Result(name);

    private static int First(Policy? policy, ReplayModel? model, double[]? recorded) =>
        policy is not null && model is not null ? Math.Clamp(model.Instances, policy.Instances.Min, policy.Instances.Max)
        : recorded is [var first, ..] && !double.IsNaN(first) ? (int)Math.Round(first) : 0;

    private SeriesMetrics Read(Policy policy, ReplayData data, IReadOnlySet<string> utilization)
    {
        var series = _columns.ToDictionary(column => column.Key, column => new[] { column.Value }, StringComparer.Ordinal);
        // A metric that follows the utilization only needs a column to be known; its values come from the model.
        foreach (var name in utilization) series[name] = [new double[data.Length]];
        HashSet<string> shared = _recorded is null
            ? []
            : [.. policy.Metrics.Where(metric => metric.Query.Across == Aggregation.Avg
                && metric.Query.Source is MetricSource.Actuator or MetricSource.Prometheus or MetricSource.Container)
                .Select(metric => metric.Name)];
        var shares = policy.Metrics.Where(metric => MetricUnits.Of(metric.Query) == MetricUnit.Share)
            .Select(metric => metric.Name).ToHashSet(StringComparer.Ordinal);
        // A sum is of all that serve; what starts is told apart in what is of each.
        var eachs = policy.Metrics.Where(metric => utilization.Contains(metric.Name) && metric.Query.Across != Aggregation.Sum)
            .Select(metric => metric.Name).ToHashSet(StringComparer.Ordinal);
        return new SeriesMetrics(policy, series, data.Start, data.Step)
        {
            Lag = data.Lag,
            OfStarting = name => eachs.Contains(name) ? FullCpu : null,
            Adjust = (name, value) =>
            {
                // What is seen was so a moment ago, when others may have served.
                var ready = _readyAt[_seen];
                if (utilization.Contains(name))
                    return ready == 0 ? double.NaN : Math.Min(1, _load![_seen] / (ready * _model!.Capacity));
                // An average that was recorded over other instances is shared by those there are now; no share is over all.
                if (!shared.Contains(name) || ready == 0 || !(_recorded![_seen] > 0)) return value;
                var spread = value * _recorded[_seen] / ready;
                return shares.Contains(name) ? Math.Min(1, spread) : spread;
            },
        };
    }
}
