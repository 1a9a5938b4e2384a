namespace LifecycleManager.Decisions.Forecasting;

/// <summary>
/// Additive Holt-Winters smoothing (Hyndman and Athanasopoulos, "Forecasting: principles and practice", 8.3) over buckets of
/// time, which scores its own forecasts: each is kept until its time comes and is then held against what came.
/// </summary>
internal sealed class SeasonalForecast
{
    private const double Alpha = 0.3;
    private const double Beta = 0.01;
    private const double Gamma = 0.3;

    /// <summary>How fast old errors are forgotten, per bucket.</summary>
    private const double ErrorDecay = 0.98;

    /// <summary>How many forecasts must have come due before the error means anything.</summary>
    private const int LeastScored = 12;

    private readonly long _step;
    private readonly double[] _season;
    private readonly double[] _due;
    private long _bucket = long.MinValue;
    private double _sum;
    private int _samples;
    private int _learnt;
    private double _level;
    private double _trend;
    private double _errors;
    private double _actuals;
    private int _scored;

    /// <summary>A forecast that has learnt nothing yet.</summary>
    /// <param name="season">After how long the pattern repeats: a day, a week.</param>
    /// <param name="step">The width of a bucket; a season has 4 to 20,160 of them.</param>
    /// <param name="ahead">How far it looks ahead; at least one bucket, at most a season.</param>
    public SeasonalForecast(TimeSpan season, TimeSpan step, TimeSpan ahead)
    {
        var buckets = (int)Math.Round(season / step);
        ArgumentOutOfRangeException.ThrowIfLessThan(buckets, 4);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(buckets, 20_160);
        _step = step.Ticks;
        _season = new double[buckets];
        Horizon = Math.Clamp((int)Math.Ceiling(ahead / step), 1, buckets);
        _due = new double[Horizon + 1];
        Array.Fill(_due, double.NaN);
    }

    /// <summary>How many buckets it looks ahead.</summary>
    public int Horizon { get; }

    /// <summary>The share of the first season that is known, 0 to 1; forecasts start at 1.</summary>
    public double Learnt => Math.Min(1, (double)_learnt / _season.Length);

    /// <summary>
    /// The weighted absolute percentage error of the forecasts that have come due, newer ones counting more; NaN while too few
    /// have.
    /// </summary>
    public double Error => _scored < LeastScored ? double.NaN : _actuals > 0 ? _errors / _actuals : _errors > 0 ? 1 : 0;

    /// <summary>
    /// Takes a sample. Samples of one bucket are averaged; one that is older than the bucket under way is passed over.
    /// </summary>
    public void Add(DateTimeOffset at, double value)
    {
        if (!double.IsFinite(value)) return;
        var bucket = at.UtcTicks / _step;
        if (bucket < _bucket) return;
        if (bucket > _bucket && _samples > 0) Close(bucket);
        _bucket = bucket;
        _sum += value;
        _samples++;
    }

    /// <summary>
    /// The highest value expected in the bucket under way and in the horizon after it; NaN while there is none.
    /// </summary>
    public double Peak()
    {
        if (_learnt < _season.Length) return double.NaN;
        var peak = double.NegativeInfinity;
        for (var h = 1; h <= Horizon + 1; h++) peak = Math.Max(peak, Ahead(h));
        return peak;
    }

    private int Index(long bucket) => (int)(((bucket % _season.Length) + _season.Length) % _season.Length);

    /// <summary>The forecast for the bucket h after the last closed one (the one under way is the first).</summary>
    private double Ahead(int h) => _level + (h * _trend) + _season[Index(_bucket - 1 + h)];

    private void Close(long next)
    {
        Learn(_sum / _samples);
        (_sum, _samples) = (0, 0);
        var gap = next - _bucket - 1;
        if (gap >= _season.Length)
        {
            // A season without a sample: what was learnt is too old to build on.
            (_learnt, _scored, _errors, _actuals, _level, _trend) = (0, 0, 0, 0, 0, 0);
            Array.Clear(_season);
            Array.Fill(_due, double.NaN);
            return;
        }

        for (; gap > 0; gap--)
        {
            _bucket++;
            Pass();
        }
    }

    private void Learn(double value)
    {
        if (_learnt < _season.Length)
        {
            // The first season is taken as it is; its mean becomes the level, the rest the pattern.
            _season[Index(_bucket)] = value;
            _level += (value - _level) / ++_learnt;
            if (_learnt < _season.Length) return;
            for (var i = 0; i < _season.Length; i++) _season[i] -= _level;
            _trend = 0;
        }
        else
        {
            Score(value);
            ref var pattern = ref _season[Index(_bucket)];
            var before = _level;
            _level = (Alpha * (value - pattern)) + ((1 - Alpha) * (_level + _trend));
            _trend = (Beta * (_level - before)) + ((1 - Beta) * _trend);
            pattern = (Gamma * (value - _level)) + ((1 - Gamma) * pattern);
        }

        Promise();
    }

    /// <summary>A bucket without a sample: what was expected is taken for what came, unscored.</summary>
    private void Pass()
    {
        if (_learnt < _season.Length)
        {
            if (_learnt == 0) return;
            _season[Index(_bucket)] = _level;
            if (++_learnt < _season.Length) return;
            for (var i = 0; i < _season.Length; i++) _season[i] -= _level;
        }
        else
        {
            _level += _trend;
        }

        _due[(int)((ulong)_bucket % (ulong)_due.Length)] = double.NaN;
        Promise();
    }

    private void Score(double value)
    {
        ref var expected = ref _due[(int)((ulong)_bucket % (ulong)_due.Length)];
        if (double.IsNaN(expected)) return;
        _errors = (_errors * ErrorDecay) + Math.Abs(expected - value);
        _actuals = (_actuals * ErrorDecay) + Math.Abs(value);
        _scored++;
        expected = double.NaN;
    }

    /// <summary>Puts down what is expected at the horizon, counted from the bucket that has just closed.</summary>
    private void Promise()
    {
        var at = _bucket + Horizon;
        _due[(int)((ulong)at % (ulong)_due.Length)] = _level + (Horizon * _trend) + _season[Index(at)];
    }
}
