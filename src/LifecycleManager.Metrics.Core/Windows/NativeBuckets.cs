namespace LifecycleManager.Metrics.Core.Windows;

/// <summary>
/// The populated buckets of one sign of a native histogram: the bucket with index <c>i</c> of schema <c>s</c> reaches from
/// 2^((i-1)·2^-s), excluded, to 2^(i·2^-s), included.
/// </summary>
/// <param name="indexes">Rising.</param>
/// <param name="counts">Observations in each, or their rate; as many as indexes.</param>
public readonly struct NativeBuckets(int[] indexes, double[] counts)
{
    private const long MostPower = 1 << 20;
    private readonly int[]? _indexes = indexes;
    private readonly double[]? _counts = counts;

    /// <summary>The indexes, rising.</summary>
    public ReadOnlySpan<int> Indexes => _indexes;

    /// <summary>The observations in each bucket.</summary>
    public ReadOnlySpan<double> Counts => _counts;

    /// <summary>How many buckets there are.</summary>
    public int Length => _indexes?.Length ?? 0;

    /// <summary>The upper bound of a bucket's magnitude; infinite for the bucket of infinite observations.</summary>
    /// <param name="schema">-4 to 8.</param>
    /// <param name="index">The bucket's index; one less gives the lower bound.</param>
    public static double Bound(int schema, int index)
    {
        // A double's powers of two end long before the limits here.
        var (whole, part) = schema <= 0
            ? ((int)Math.Clamp((long)index << -schema, -MostPower, MostPower), 0.0)
            : (index >> schema, (index & ((1 << schema) - 1)) / (double)(1 << schema));

        // The last bucket of finite observations ends with the greatest of them.
        if (whole == 1024 && part == 0) return double.MaxValue;
        return Math.ScaleB(Math.Pow(2, part), whole);
    }

    /// <summary>The same observations in the wider buckets of a lower schema.</summary>
    public NativeBuckets ToSchema(int from, int to)
    {
        if (from == to || Length == 0) return this;
        var (indexes, counts) = (new List<int>(Length), new List<double>(Length));
        for (var i = 0; i < Length; i++)
        {
            var index = (int)(((long)Indexes[i] - 1) >> (from - to)) + 1;
            if (indexes.Count > 0 && indexes[^1] == index)
            {
                counts[^1] += Counts[i];
                continue;
            }

            indexes.Add(index);
            counts.Add(Counts[i]);
        }

        return new NativeBuckets([.. indexes], [.. counts]);
    }

    /// <summary>Adds another's counts, times a factor; what comes to nothing leaves.</summary>
    public NativeBuckets Add(NativeBuckets other, double factor)
    {
        if (other.Length == 0) return this;
        var (indexes, counts) = (new List<int>(Length + other.Length), new List<double>(Length + other.Length));
        var (i, j) = (0, 0);
        while (i < Length || j < other.Length)
        {
            var mine = i < Length ? Indexes[i] : int.MaxValue;
            var theirs = j < other.Length ? other.Indexes[j] : int.MaxValue;
            var count = (mine <= theirs ? Counts[i++] : 0) + (theirs <= mine ? other.Counts[j++] * factor : 0);
            if (count == 0) continue;
            indexes.Add(Math.Min(mine, theirs));
            counts.Add(count);
        }

        return new NativeBuckets([.. indexes], [.. counts]);
    }

    /// <summary>The same with every count times a factor.</summary>
    public NativeBuckets Multiply(double factor) =>
        Length == 0 ? this : new NativeBuckets(_indexes!, Array.ConvertAll(_counts!, count => count * factor));

    /// <summary>Without the first buckets.</summary>
    public NativeBuckets From(int first) => first == 0 ? this : new NativeBuckets(_indexes![first..], _counts![first..]);

    /// <summary>Whether a bucket has fewer observations than it had: a counter of them began anew.</summary>
    public bool IsBelow(NativeBuckets before)
    {
        var i = 0;
        for (var j = 0; j < before.Length; j++)
        {
            while (i < Length && Indexes[i] < before.Indexes[j]) i++;
            var now = i < Length && Indexes[i] == before.Indexes[j] ? Counts[i] : 0;
            if (now < before.Counts[j]) return true;
        }

        return false;
    }
}
