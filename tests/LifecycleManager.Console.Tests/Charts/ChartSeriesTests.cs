using LifecycleManager.Console.Charts;

namespace LifecycleManager.Console.Tests.Charts;

public sealed class ChartSeriesTests
{
    private static readonly DateTimeOffset Begin = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Nothing_is_drawn_where_a_value_is_missing_or_late()
    {
        var series = new ChartSeries("tpm",
        [
            At(0, 1), At(15, 2), At(30, null), At(45, 3), At(60, 4), At(75, 5), At(300, 6), At(315, null), At(330, null),
        ]);

        Assert.Equal([[1, 2], [3, 4, 5], [6]], series.Parts().Select(part => part.Select(point => point.Value!.Value).ToArray()));
        Assert.Empty(new ChartSeries("none", []).Parts());
        Assert.Single(new ChartSeries("one", [At(0, 1)]).Parts());
    }

    [Theory]
    [InlineData(new[] { 0.0 }, 0, 1)]
    [InlineData(new[] { 7.0, 3 }, 0, 10)]
    [InlineData(new[] { 0.11 }, 0, 0.2)]
    [InlineData(new[] { 220.0 }, 0, 250)]
    [InlineData(new[] { -3.0, 12 }, -5, 20)]
    [InlineData(new[] { double.NaN, double.PositiveInfinity, 4 }, 0, 5)]
    public void A_scale_ends_with_round_numbers_and_begins_at_zero(double[] values, double low, double high)
    {
        var scale = ChartScale.Of(Begin, Begin.AddHours(1), values);
        Assert.Equal((low, high), (scale.Low, scale.High));
    }

    [Fact]
    public void Of_many_points_no_peak_is_left_out_and_one_alone_can_be_seen()
    {
        var points = Enumerable.Range(0, 20_000).Select(i => At(i, i == 12_345 ? 100 : 1)).ToList();
        var scale = ChartScale.Of(points[0].At, points[^1].At, [0, 100]);
        var path = scale.Path(points);

        Assert.True(path.Length < 20_000, $"{path.Length} characters");
        Assert.Contains(" 0L", path, StringComparison.Ordinal);
        Assert.StartsWith("M", path, StringComparison.Ordinal);
        Assert.Equal("M0 200L2 200", ChartScale.Of(Begin, Begin.AddHours(1), []).Path([At(0, 0)]));
    }

    [Fact]
    public void A_table_of_the_manager_is_read_with_what_is_missing_in_it()
    {
        var table = MetricTable.Parse("time,instances,tpm\n2026-11-24T12:00:00.000Z,2,24.5\n2026-11-24T12:00:15.000Z,2,\n");
        Assert.Equal(["instances", "tpm"], table.Series.Select(series => series.Name));
        Assert.Equal([At(0, 24.5), At(15, null)], table.Series[1].Points);
        Assert.Equal("a,b", Assert.Single(MetricTable.Parse("time\ta,b\n").Series).Name);
        Assert.Empty(MetricTable.Parse("").Series);
        Assert.Throws<FormatException>(() => MetricTable.Parse("<html>"));
        Assert.Throws<FormatException>(() => MetricTable.Parse("time,a\n2026-11-24T12:00:00Z\n"));
    }

    private static ChartPoint At(int seconds, double? value) => new(Begin.AddSeconds(seconds), value);
}
