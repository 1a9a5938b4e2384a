using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Expressions;

/// <summary>
/// A quantile over an app's instances by linear interpolation, as Prometheus' <c>quantile</c> has it. Silent instances may stand
/// anywhere in the order: first for the least that it can be, last for the greatest. Those that start or are idle are left out,
/// and stand at 0 for growth. Its arrays are used again at every read.
/// </summary>
internal sealed class InstanceQuantile
{
    private readonly List<InstanceReading> _readings = [];
    private double[] _values = [];
    private double[] _lows = [];
    private double[] _floors = [];
    private double[] _highs = [];

    public MetricReading Read(MetricRead read, string app, DateTimeOffset now, IMetricReader metrics)
    {
        _readings.Clear();
        metrics.ReadInstances(app, read.Query, now, _readings);
        if (_values.Length < _readings.Count) Grow(_readings.Count * 2);
        var (count, silent, unfilled, all, resting) = (0, 0, 0, 0, 0);
        var lowest = read.Query.NeverNegative ? 0 : double.NegativeInfinity;
        foreach (var reading in _readings)
        {
            if (!reading.Expected)
            {
                resting++;
                continue;
            }

            if (reading.Missing is null && double.IsFinite(reading.Value))
            {
                _values[count++] = reading.Value;
                if (!reading.Range.IsPoint) unfilled++;
                (_lows[all], _floors[all], _highs[all]) = (reading.Range.Low,
                    Math.Max(reading.Range.Low, Math.Min(reading.Value, 0)), reading.Range.High);
            }
            else
            {
                silent++;
                (_lows[all], _floors[all], _highs[all]) = (lowest, 0, double.PositiveInfinity);
            }

            all++;
        }

        if (count == 0)
        {
            var joined = metrics.Read(app, read.Query, now);
            return MetricReading.Unknown("no instance reports it", _readings.Count) with
            {
                Source = joined.Source,
                Absence = joined.IsKnown ? Absence.Missing : joined.Absence,
            };
        }

        var value = Quantile(_values.AsSpan(0, count), read.InstanceQuantile);
        var range = silent + unfilled == 0 ? (Interval)value : new Interval(Of(_lows, all), Of(_highs, all));
        Array.Clear(_floors, all, resting);
        var floor = silent + unfilled + resting == 0 ? value : Math.Min(Of(_floors, all + resting), range.High);
        return new MetricReading(value, null, count, _readings.Count, default)
        {
            Range = range,
            Floor = floor,
            Silent = silent,
            Unfilled = unfilled
        };

        double Of(double[] values, int length) => Quantile(values.AsSpan(0, length), read.InstanceQuantile);
    }

    private static double Quantile(Span<double> values, double quantile)
    {
        values.Sort();
        var rank = quantile * (values.Length - 1);
        var lower = (int)Math.Floor(rank);
        var (from, to, share) = (values[lower], values[Math.Min(lower + 1, values.Length - 1)], rank - lower);
        return share == 0 || from == to || double.IsInfinity(from) ? from : from + (share * (to - from));
    }

    private void Grow(int length) =>
        (_values, _lows, _floors, _highs) = (new double[length], new double[length], new double[length], new double[length]);
}
