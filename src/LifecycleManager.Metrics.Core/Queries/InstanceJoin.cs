namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>
/// Joins the instances of an app into one reading. A silent instance, one that should report and does not, may have any value
/// (from 0 where the metric is never negative), so that the reading becomes an interval: all that the silent ones could still
/// make of it. Those that rest, since they start or are idle, count as 0 for growth; otherwise they are left out of averages and
/// of the least, as the HPA leaves them out when it shrinks, and what they have is load like any other in sums and for the
/// greatest.
/// </summary>
/// <param name="query">What is read.</param>
public struct InstanceJoin(MetricQuery query)
{
    private int _reporting;
    private int _silent;
    private int _unfilled;
    private int _resting;
    private int _restingValues;
    private double _value;
    private double _restingValue;
    private Interval _range;
    private double _floor;

    /// <summary>How many instances have reported.</summary>
    public readonly int Reporting => _reporting;

    /// <summary>Joins two values.</summary>
    public static double Join(Aggregation across, double left, double right) => across switch
    {
        Aggregation.Min => Math.Min(left, right),
        Aggregation.Max => Math.Max(left, right),
        _ => left + right,
    };

    /// <summary>Joins what two values can be.</summary>
    public static Interval Join(Aggregation across, Interval left, Interval right) => across switch
    {
        Aggregation.Min => Interval.Min(left, right),
        Aggregation.Max => Interval.Max(left, right),
        _ => left + right,
    };

    /// <summary>Adds an instance that reports.</summary>
    /// <param name="value">Its value.</param>
    /// <param name="range">What the value can really be: a point, unless samples are missing in its window.</param>
    public void Add(double value, Interval range)
    {
        _value = _reporting > 0 ? Join(query.Across, _value, value) : value;
        if (!range.IsPoint) _unfilled++;
        Widen(range, Math.Max(range.Low, Math.Min(value, 0)));
        _reporting++;
    }

    /// <summary>Adds an instance that should report and does not.</summary>
    public void AddSilent()
    {
        Widen(query.Silence, 0);
        _silent++;
    }

    /// <summary>Adds an instance that starts or is idle.</summary>
    /// <param name="value">Its value; NaN where it has none.</param>
    public void AddResting(double value = double.NaN)
    {
        _resting++;
        if (!double.IsFinite(value)) return;
        _restingValue = _restingValues++ > 0 ? Join(query.Across, _restingValue, value) : value;
    }

    /// <summary>The reading, once an instance at least has reported.</summary>
    /// <param name="instances">How many instances there are, those included that were not added.</param>
    /// <param name="newest">The time of the newest sample.</param>
    public readonly MetricReading Reading(int instances, DateTimeOffset newest)
    {
        var added = _reporting + _silent;
        var (value, range, floor) = query.Across switch
        {
            Aggregation.Count => (_reporting + _restingValues, new Interval(_reporting + _restingValues, added + _restingValues),
                _reporting),
            Aggregation.Avg => (_value / _reporting, _range / added, Math.Min(_floor / added, _floor / (added + _resting))),
            Aggregation.Min => (_value, _range, _resting > 0 ? Math.Min(_floor, 0) : _floor),
            _ when _restingValues == 0 => (_value, _range, _floor),
            Aggregation.Max => (Math.Max(_value, _restingValue), Interval.Max(_range, _restingValue), _floor),
            _ => (_value + _restingValue, _range + _restingValue, _floor + Math.Min(0, _restingValue)),
        };
        return double.IsFinite(value)
            ? new MetricReading(value, null, _reporting, instances, newest)
            {
                Range = range,
                Floor = floor,
                Silent = _silent,
                Unfilled = _unfilled
            }
            : MetricReading.Unknown("the instances together come to no finite number", instances);
    }

    private void Widen(Interval range, double floor)
    {
        var first = _reporting + _silent == 0;
        _range = first ? range : Join(query.Across, _range, range);
        _floor = first ? floor : Join(query.Across, _floor, floor);
    }
}
