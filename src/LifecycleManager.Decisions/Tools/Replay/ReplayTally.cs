namespace LifecycleManager.Decisions.Tools.Replay;

/// <summary>
/// Counts what a replay is judged by, step by step; the same for a policy's counts and for those that really ran.
/// </summary>
internal sealed class ReplayTally(ReplayData data, ReplayModel model)
{
    private static readonly TimeSpan FlapWithin = TimeSpan.FromMinutes(10);

    private readonly double[] _load = data.Columns[model.Load];
    private readonly int[] _instances = new int[data.Length];
    private readonly double[] _used = new double[data.Length];
    private int _outs;
    private int _ins;
    private int _flaps;
    private int _violations;
    private int _over;
    private int _lastChange;
    private int _lastAt;
    private bool _wasOver;
    private double _total;
    private double _unserved;

    /// <summary>One step: how many serve the load, how the count changes after it, and what it is then.</summary>
    public void Add(int row, int serving, int change, int instances)
    {
        var capacity = serving * model.Capacity;
        var load = _load[row];
        _used[row] = double.IsNaN(load) ? double.NaN : capacity > 0 ? load / capacity : load > 0 ? double.PositiveInfinity : 0;
        if (!double.IsNaN(load))
        {
            _total += load;
            _unserved += Math.Max(0, load - capacity);
        }

        var isOver = _used[row] > model.Objective;
        if (isOver) _over++;
        if (isOver && !_wasOver) _violations++;
        _wasOver = isOver;
        if (change != 0)
        {
            if (change > 0) _outs++;
            else _ins++;
            if (_lastChange != 0 && (change > 0) != (_lastChange > 0) && (row - _lastAt) * data.Step < FlapWithin) _flaps++;
            (_lastChange, _lastAt) = (change, row);
        }

        _instances[row] = instances;
    }

    /// <summary>The sums after the last step.</summary>
    public ReplayResult Result(string name)
    {
        // A year's worth of infinities says no more than "nobody was there": shown as twice the objective.
        for (var i = 0; i < _used.Length; i++) if (double.IsInfinity(_used[i])) _used[i] = 2 * Math.Max(1, model.Objective);
        return new ReplayResult
        {
            Name = name,
            Instances = _instances,
            Utilization = _used,
            Step = data.Step,
            ScaleOuts = _outs,
            ScaleIns = _ins,
            Flaps = _flaps,
            Unserved = _total > 0 ? _unserved / _total : 0,
            Violation = _over * data.Step,
            Violations = _violations,
        };
    }
}
