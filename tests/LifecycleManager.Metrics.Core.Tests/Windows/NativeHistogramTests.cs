using CsCheck;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Core.Tests.Windows;

public sealed class NativeHistogramTests
{
    // Of both signs and many magnitudes, some near zero.
    private static readonly Gen<double> Observation = Gen.Select(Gen.Int[-1, 1], Gen.Double[-12, 12])
        .Select((sign, power) => sign * Math.Pow(2, power));

    private static readonly Gen<double[]> Observations = Observation.Array[0, 40];

    private static NativeHistogram Make(double[] observations, int schema, double zeroThreshold = 0.001) => new()
    {
        Schema = schema,
        ZeroThreshold = zeroThreshold,
        ZeroCount = observations.Count(value => Math.Abs(value) <= zeroThreshold),
        Count = observations.Length,
        Sum = observations.Sum(),
        Positive = Buckets(observations.Where(value => value > zeroThreshold), schema),
        Negative = Buckets(observations.Where(value => value < -zeroThreshold).Select(value => -value), schema),
    };

    private static NativeBuckets Buckets(IEnumerable<double> magnitudes, int schema)
    {
        var counts = new SortedDictionary<int, double>();
        foreach (var magnitude in magnitudes)
        {
            var index = (int)Math.Ceiling(Math.Log2(magnitude) * Math.Pow(2, schema));
            while (magnitude > NativeBuckets.Bound(schema, index)) index++;
            while (magnitude <= NativeBuckets.Bound(schema, index - 1)) index--;
            counts[index] = counts.GetValueOrDefault(index) + 1;
        }

        return new NativeBuckets([.. counts.Keys], [.. counts.Values]);
    }

    private static string Text(NativeHistogram histogram) =>
        $"{histogram.Schema} {histogram.ZeroThreshold} {histogram.ZeroCount} {histogram.Count} "
        + $"{string.Join(',', histogram.Positive.Indexes.ToArray())}:{string.Join(',', histogram.Positive.Counts.ToArray())} "
        + $"{string.Join(',', histogram.Negative.Indexes.ToArray())}:{string.Join(',', histogram.Negative.Counts.ToArray())}";

    [Fact]
    public void The_sum_of_two_is_the_histogram_of_all_their_observations_in_the_wider_buckets() =>
        Gen.Select(Observations, Observations, Gen.Int[-4, 8], Gen.Int[-4, 8]).Sample((left, right, fine, coarse) =>
        {
            var sum = Make(left, fine).Add(Make(right, coarse));
            Assert.Equal(Text(Make([.. left, .. right], Math.Min(fine, coarse))), Text(sum));
            Assert.Equal(left.Sum() + right.Sum(), sum.Sum, 1e-6);
        }, iter: 500);

    [Fact]
    public void A_part_that_is_taken_away_leaves_the_rest() =>
        Gen.Select(Observations, Observations, Gen.Int[-4, 8]).Sample((left, right, schema) =>
            Assert.Equal(
                Text(Make(left, schema)), Text(Make([.. left, .. right], schema).Subtract(Make(right, schema)))), iter: 500);

    [Fact]
    public void A_wider_zero_bucket_takes_what_is_within_it() =>
        Gen.Select(Observations, Gen.Int[0, 4], Gen.Int[-8, 8]).Sample((observations, schema, power) =>
            Assert.Equal(
                Text(Make(observations, schema, Math.Pow(2, power))),
                Text(Make(observations, schema).WithZeroThreshold(Math.Pow(2, power)))), iter: 500);

    [Fact]
    public void A_counter_that_grows_is_not_reset_and_one_that_lost_an_observation_is() =>
        Gen.Select(Observations, Observations, Observation, Gen.Int[-4, 8]).Sample((first, more, lost, schema) =>
        {
            double[] before = [.. first, lost];
            Assert.False(Make([.. before, .. more], schema).IsResetAfter(Make(before, schema)));
            Assert.True(Make(first, schema).IsResetAfter(Make(before, schema)));
            Assert.True(schema == 8 || Make(before, schema + 1).IsResetAfter(Make(before, schema)));
        }, iter: 500);

    [Fact]
    public void A_quantile_is_within_the_bucket_of_the_observation_that_it_is_of() =>
        Gen.Select(Gen.Double[-9, 12].Array[1, 200], Gen.Double[0, 1], Gen.Int[0, 8]).Sample((powers, quantile, schema) =>
        {
            var observations = powers.Select(power => Math.Pow(2, power)).Order().ToArray();
            // A rank that is whole but for rounding is between two observations, and either is right.
            double At(double rank) => observations[Math.Clamp((int)Math.Ceiling(rank) - 1, 0, observations.Length - 1)];
            var rank = quantile * observations.Length;
            var step = Math.Pow(2, Math.Pow(2, -schema)) * (1 + 1e-9);
            var estimate = NativeDistribution.Quantile(quantile, Make(observations, schema));
            return estimate <= At(rank + 1e-9) * step && estimate >= At(rank - 1e-9) / step;
        }, iter: 500);

    [Fact]
    public void As_many_are_counted_up_to_a_bound_as_there_are() =>
        Gen.Select(Observations, Gen.Int[-4, 12]).Sample((observations, power) =>
        {
            var bound = Math.Pow(2, power);
            Assert.Equal(
                observations.Count(value => value <= bound), NativeDistribution.CountUpTo(bound, Make(observations, 2)), 1e-9);
            Assert.Equal(observations.Length, NativeDistribution.CountUpTo(double.PositiveInfinity, Make(observations, 2)));
        }, iter: 500);

    [Fact]
    public void The_rate_of_each_bucket_is_that_of_a_series_of_its_counts() =>
        Gen.Select(Observation.Array[1, 9].Array[2, 12], Gen.Int[-2, 4]).Sample((scrapes, schema) =>
        {
            var (all, histograms) = (new List<double>(), new List<NativeSample>());
            var (counts, below) = (new List<Sample>(), new List<Sample>());
            for (var i = 0; i < scrapes.Length; i++)
            {
                all.AddRange(scrapes[i]);
                var time = 15_000L * i + 1000;
                histograms.Add(new NativeSample(time, Make([.. all], schema)));
                counts.Add(new Sample(time, all.Count));
                below.Add(new Sample(time, all.Count(value => value <= 0.001)));
            }

            var to = 15_000L * scrapes.Length;
            var rate = NativeWindow.Rate(histograms.ToArray(), 0, to)!;
            Assert.True(WindowFunctions.TryApply(WindowFunction.Rate, counts.ToArray(), 0, to, out var expected));
            Assert.Equal(expected, rate.Count, 1e-9);
            var growth = WindowFunctions.Growth(below.ToArray());
            var factor = rate.Count / WindowFunctions.Growth(counts.ToArray());
            Assert.Equal(growth * factor, NativeDistribution.CountUpTo(0.001, rate), 1e-9);
        }, iter: 500);

    [Fact]
    public void A_restart_is_seen_in_one_bucket_though_the_count_has_risen()
    {
        // Two of 1 before; three of 100 after: five in all, one of the two was there at the window's start.
        NativeSample[] samples = [new(10_000, Make([1], 0)), new(20_000, Make([1, 1], 0)), new(30_000, Make([100, 100, 100], 0))];
        var rate = NativeWindow.Rate(samples, 10_000, 30_000)!;
        Assert.Equal(4 / 20.0, rate.Count, 1e-12);
        Assert.Equal(1 / 20.0, NativeDistribution.CountUpTo(2, rate), 1e-12);
    }

    [Fact]
    public void One_sample_has_no_rate() =>
        Assert.Null(NativeWindow.Rate([new NativeSample(1, Make([1], 0))], 0, 10));
}
