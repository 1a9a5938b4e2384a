using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Core.Tests.Windows;

public class WindowFunctionsTests
{
    // Samples every 15 s from 0 to 60 s.
    private static Sample[] Every15(params double[] values) => [.. values.Select((value, i) => new Sample(i * 15_000, value))];

    private static double Apply(WindowFunction function, Sample[] samples, long from = 0, long to = 60_000) =>
        WindowFunctions.TryApply(function, samples, from, to, out var value)
            ? value
            : throw new InvalidOperationException("too few");

    [Theory]
    [InlineData(WindowFunction.Last, 40)]
    [InlineData(WindowFunction.Avg, 20)]
    [InlineData(WindowFunction.Min, 0)]
    [InlineData(WindowFunction.Max, 40)]
    [InlineData(WindowFunction.Sum, 100)]
    [InlineData(WindowFunction.Increase, 40)]
    [InlineData(WindowFunction.Rate, 40 / 60.0)]
    [InlineData(WindowFunction.Delta, 40)]
    [InlineData(WindowFunction.Deriv, 10 / 15.0)]
    public void A_straight_line_gives_what_one_expects(WindowFunction function, double expected) =>
        Assert.Equal(expected, Apply(function, Every15(0, 10, 20, 30, 40)), 1e-12);

    [Fact]
    public void A_counter_s_reset_does_not_lose_what_came_after_it() =>
        Assert.Equal(30, Apply(WindowFunction.Increase, Every15(0, 10, 20, 5, 10)), 1e-12);

    [Fact]
    public void Growth_is_stretched_to_the_edges_but_only_half_a_step_where_they_are_far()
    {
        // 15..45 s sampled of 0..60 s: both edges are within 1.1 steps.
        Assert.Equal(40, Apply(WindowFunction.Delta, Every15(0, 10, 20, 30, 40)[1..4]), 1e-12);
        // 15..30 s sampled of 0..100 s: the end is far, so half a step there.
        Assert.Equal(10 * (15 + 15 + 7.5) / 15, Apply(WindowFunction.Delta, Every15(0, 10, 20)[1..], to: 100_000), 1e-12);
    }

    [Fact]
    public void A_counter_is_not_stretched_below_zero() =>
        // 2 at 15 s growing 10 a step was zero 3 s before.
        Assert.Equal(10 * (15 + 3 + 15) / 15.0, Apply(WindowFunction.Increase, [new(15_000, 2), new(30_000, 12)], to: 45_000),
            1e-12);

    [Theory]
    [InlineData(WindowFunction.Rate)]
    [InlineData(WindowFunction.Increase)]
    [InlineData(WindowFunction.Delta)]
    [InlineData(WindowFunction.Deriv)]
    public void One_sample_makes_no_difference(WindowFunction function) =>
        Assert.False(WindowFunctions.TryApply(function, Every15(1), 0, 60_000, out _));

    [Fact]
    public void Large_and_small_values_add_up() =>
        Assert.Equal(1.0, Apply(WindowFunction.Sum, Every15(1e16, 1, -1e16)), 0.0);

    [Fact]
    public void Not_a_number_is_passed_over_by_min_and_max_and_passed_on_by_the_rest()
    {
        var samples = Every15(double.NaN, 2, double.NaN, 1);
        Assert.Equal(1, Apply(WindowFunction.Min, samples));
        Assert.Equal(2, Apply(WindowFunction.Max, samples));
        Assert.Equal(double.NaN, Apply(WindowFunction.Avg, samples));
        Assert.Equal(double.NaN, Apply(WindowFunction.Sum, samples));
    }

    [Theory]
    [InlineData(0.5, 0.125)]
    [InlineData(0, 0)]
    [InlineData(1, 0.2)]
    [InlineData(0.25, 0.075)]
    [InlineData(1.5, double.PositiveInfinity)]
    [InlineData(-1, double.NegativeInfinity)]
    [InlineData(double.NaN, double.NaN)]
    public void Quantiles_are_interpolated_within_a_bucket(double quantile, double expected) =>
        Assert.Equal(expected, HistogramQuantile.Estimate(quantile, [new(double.PositiveInfinity, 6), new(0.2, 6), new(0.1, 2)]),
            1e-12);

    [Fact]
    public void A_quantile_in_the_last_bucket_is_the_last_finite_bound() =>
        Assert.Equal(0.2, HistogramQuantile.Estimate(0.99, [new(0.1, 0), new(0.2, 1), new(double.PositiveInfinity, 100)]));

    [Fact]
    public void A_histogram_without_its_last_bucket_or_without_observations_has_no_quantile()
    {
        Assert.Equal(double.NaN, HistogramQuantile.Estimate(0.5, [new(0.1, 1), new(0.2, 2)]));
        Assert.Equal(double.NaN, HistogramQuantile.Estimate(0.5, [new(double.PositiveInfinity, 2)]));
        Assert.Equal(double.NaN, HistogramQuantile.Estimate(0.5, [new(0.1, 0), new(double.PositiveInfinity, 0)]));
        Assert.Equal(double.NaN, HistogramQuantile.Estimate(0.5, []));
    }

    [Fact]
    public void Buckets_that_a_scrape_tore_apart_are_made_monotonic() =>
        Assert.Equal(
            HistogramQuantile.Estimate(0.5, [new(1, 5), new(2, 5), new(double.PositiveInfinity, 8)]),
            HistogramQuantile.Estimate(0.5, [new(1, 5), new(2, 4), new(double.PositiveInfinity, 8)]));
}
