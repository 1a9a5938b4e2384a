using LifecycleManager.Benchmarks.Quality.Models;

namespace LifecycleManager.Decisions.Tests.Quality;

/// <summary>The models of Nomad's strategies in the cases of their plugins' own tests.</summary>
public sealed class NomadStrategiesTests
{
    [Theory]
    [InlineData(2, 13, 13, null)]
    [InlineData(2, 26, 13, 4)]
    [InlineData(0, 20, 10, 2)]
    [InlineData(1, 9, 10, null)]
    [InlineData(0, 1, 0, 1)]
    [InlineData(5, 0, 0, 0)]
    [InlineData(8, 5.00001, 5, null)]
    [InlineData(8, 5.00001, 5, 9, 0.000001)]
    [InlineData(4, 0.5, 1, 2)]
    [InlineData(5, 1.02, 1, 6)]
    [InlineData(5, 0.99, 1, null)]
    [InlineData(500, 0.98, 1, 490)]
    public void Target_value(int count, double metric, double target, int? expected, double threshold = 0.01) =>
        Assert.Equal(expected, NomadStrategies.TargetValue(count, metric, target, threshold));

    [Theory]
    [InlineData("delta", 1, 1, 2)]
    [InlineData("delta", 1, -1, 0)]
    [InlineData("percentage", 10, 30, 13)]
    [InlineData("percentage", 10, -30, 7)]
    [InlineData("percentage", 10, 0, null)]
    [InlineData("value", 1, 10, 10)]
    [InlineData("value", 20, 10, 10)]
    [InlineData("value", 10, 10, null)]
    public void Threshold(string action, int count, int amount, int? expected) => Assert.Equal(
        expected, NomadStrategies.Threshold(count, [10, 10, 10, 10, 10, 10], 5, 20, action switch
        {
            "delta" => NomadStrategies.Delta(amount),
            "percentage" => NomadStrategies.Percentage(amount),
            _ => NomadStrategies.Value(amount),
        }));

    [Fact]
    public void A_threshold_wants_enough_values_within_and_leaves_out_its_upper_bound()
    {
        double[] one = [10, 0, 0, 0, 0, 0];
        Assert.Null(NomadStrategies.Threshold(1, one, 5, 20, NomadStrategies.Delta(1)));
        Assert.Equal(2, NomadStrategies.Threshold(1, one, 5, 20, NomadStrategies.Delta(1), trigger: 1));
        Assert.Equal(2, NomadStrategies.Threshold(1, one, 10, 20, NomadStrategies.Delta(1), trigger: 1));
        Assert.Null(NomadStrategies.Threshold(1, one, 5, 10, NomadStrategies.Delta(1), trigger: 1));
    }
}
