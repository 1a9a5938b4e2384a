namespace LifecycleManager.Decisions.Recommending;

/// <summary>
/// A distribution in which what is old counts less: a sample's weight halves with each half-life. Weights are kept as they were
/// at a reference time, and newer ones count more by as much, so that nothing has to be decayed as time goes by. Not for several
/// threads at once.
/// </summary>
public sealed class DecayingHistogram
{
    /// <summary>After so many half-lives the reference moves, before weights grow too large for a number.</summary>
    private const int MaxExponent = 100;

    private readonly double[] _weights;
    private readonly long _halfLife;
    private double _total;
    private int _min;
    private int _max;
    private long _reference;

    /// <param name="buckets">The buckets.</param>
    /// <param name="halfLife">After this a sample counts half; zero: all count alike for ever.</param>
    public DecayingHistogram(ExponentialBuckets buckets, TimeSpan halfLife)
    {
        ArgumentNullException.ThrowIfNull(buckets);
        ArgumentOutOfRangeException.ThrowIfLessThan(halfLife, TimeSpan.Zero);
        (Buckets, _halfLife, _weights, _min) = (buckets, halfLife.Ticks, new double[buckets.Count], buckets.Count - 1);
    }

    /// <summary>The buckets.</summary>
    public ExponentialBuckets Buckets { get; }

    /// <summary>Whether there is nothing in it that counts.</summary>
    public bool IsEmpty => _weights[_min] < Buckets.Epsilon;

    /// <summary>Adds a sample.</summary>
    /// <param name="value">What was measured.</param>
    /// <param name="weight">What it counts beside others of the same time; 0 or more.</param>
    /// <param name="at">When; it may be older than others.</param>
    public void Add(double value, double weight, DateTimeOffset at)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(weight);
        weight *= Factor(at);
        var bucket = Buckets.Find(value);
        _weights[bucket] += weight;
        _total += weight;
        if (_weights[bucket] < Buckets.Epsilon) return;
        _min = Math.Min(_min, bucket);
        _max = Math.Max(_max, bucket);
    }

    /// <summary>Takes a sample out that was added with the same value, weight and time.</summary>
    public void Subtract(double value, double weight, DateTimeOffset at)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(weight);
        weight *= Factor(at);
        var bucket = Buckets.Find(value);

        // What remains of rounding is nothing.
        if (weight > _weights[bucket] - Buckets.Epsilon) weight = _weights[bucket];
        _weights[bucket] -= weight;
        _total -= weight;
        SkipEmpty();
    }

    /// <summary>
    /// The end of the bucket that a percentile lies in, the start of the last one as that has no end; 0 where it is empty.
    /// </summary>
    /// <param name="share">From 0 to 1: 0.9 for the 90th percentile.</param>
    public double Percentile(double share)
    {
        if (IsEmpty) return 0;
        var (sum, threshold, bucket) = (0.0, share * _total, _min);
        for (; bucket < _max; bucket++)
        {
            sum += _weights[bucket];
            if (sum >= threshold) break;
        }

        return Buckets.Start(Math.Min(bucket + 1, Buckets.Count - 1));
    }

    /// <summary>Makes all samples older by a time, or younger by a negative one, which changes no percentile.</summary>
    public void Age(TimeSpan by) => _reference = Math.Max(0, _reference - by.Ticks);

    /// <summary>What is in it, to be stored.</summary>
    public StoredHistogram Export()
    {
        var filled = Enumerable.Range(0, _weights.Length).Where(bucket => _weights[bucket] > 0).ToArray();
        return new StoredHistogram(_reference, filled, [.. filled.Select(bucket => _weights[bucket])]);
    }

    /// <summary>Takes in what was stored of one with the same buckets.</summary>
    /// <exception cref="ArgumentException">It cannot be of one with these buckets.</exception>
    public void Import(StoredHistogram stored)
    {
        ArgumentNullException.ThrowIfNull(stored);
        if (!stored.IsSoundFor(Buckets)) throw new ArgumentException("it is of other buckets", nameof(stored));
        Array.Clear(_weights);
        for (var i = 0; i < stored.Buckets.Count; i++) _weights[stored.Buckets[i]] = stored.Weights[i];
        (_reference, _total, _min, _max) = (stored.Reference, _weights.Sum(), 0, _weights.Length - 1);
        SkipEmpty();
    }

    private double Factor(DateTimeOffset at)
    {
        if (_halfLife == 0) return 1;
        if ((at.UtcTicks - _reference) / (double)_halfLife > MaxExponent) MoveReference(at.UtcTicks);
        return Math.Pow(2, (at.UtcTicks - _reference) / (double)_halfLife);
    }

    // To a multiple of the half-life, so that weights are scaled by powers of two, without any rounding.
    private void MoveReference(long to)
    {
        to = (to + (_halfLife / 2)) / _halfLife * _halfLife;
        var exponent = Math.Floor(((_reference - to) / (double)_halfLife) + 0.5);
        var factor = Math.ScaleB(1, (int)Math.Max(exponent, -10_000));
        for (var bucket = 0; bucket < _weights.Length; bucket++) _weights[bucket] *= factor;
        _total *= factor;
        _reference = to;
        SkipEmpty();
    }

    private void SkipEmpty()
    {
        while (_min < _weights.Length - 1 && _weights[_min] < Buckets.Epsilon) _min++;
        while (_max > 0 && _weights[_max] < Buckets.Epsilon) _max--;
    }
}
