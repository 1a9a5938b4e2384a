using LifecycleManager.Benchmarks.Quality.Models;

namespace LifecycleManager.Decisions.Tests.Quality;

/// <summary>The models of what polls: marathon-autoscale, and KEDA's way from and to zero.</summary>
public sealed class PollingModelsTests
{
    [Theory]
    [InlineData("90 90 90 90", "4 4 6 6")] // the third in a row
    [InlineData("90 90 60 90 90 90", "4 4 4 4 4 6")] // within the range the row ends
    [InlineData("90 90 -1 90", "4 4 4 6")] // no value changes nothing, the row included
    [InlineData("90 90 90 90 90 90", "4 4 6 6 6 8")] // 9 are more than the most
    [InlineData("80 80 80 80 55 55 55 55 55", "4 4 4 4 4 4 4 4 4")] // the range has both its ends
    [InlineData("10 10 10 10", "4 4 4 2")] // 4 / 1.5, rounded down
    [InlineData("10 10 10 10 10 10 10 10", "4 4 4 2 2 2 2 2")] // 1 is less than the least
    [InlineData("10 10 10 90 10", "4 4 4 4 4")] // over the range the row ends
    public void Marathon_autoscale(string values, string counts)
    {
        var (model, count) = (new MarathonAutoscale { Min = 2, Max = 8, Range = (55, 80) }, 4);
        Assert.Equal(counts, string.Join(' ', values.Split(' ').Select(value => count = model.Poll(count, int.Parse(value)))));
    }

    [Theory]
    [InlineData(0, "0 5 5 0 0 0 0", "0 1 1 1 1 1 1")] // three minutes are no cooldown
    [InlineData(0, "0 5 0 0 0 0 0 0 0 0 0 0 0", "0 1 1 1 1 1 1 1 1 1 1 1 0")] // more than five minutes after
    [InlineData(2, "0 5 0 0 0 0 0 0 0 0 0 0 0", "2 2 2 2 2 2 2 2 2 2 2 2 2")] // never below the least
    public void Keda_takes_from_zero_at_once_and_to_zero_after_the_cooldown(int min, string values, string counts)
    {
        var (model, count, now) = (new KedaActivation { Min = min }, 0, 0.0);
        Assert.Equal(counts, string.Join(' ', values.Split(' ')
            .Select(value => count = model.Poll(now += 30, count, int.Parse(value)))));
    }
}
