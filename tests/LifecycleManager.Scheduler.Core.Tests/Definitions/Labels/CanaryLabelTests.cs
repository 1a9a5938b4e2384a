using LifecycleManager.Scheduler.Core.Definitions.Labels;

namespace LifecycleManager.Scheduler.Core.Tests.Definitions.Labels;

public sealed class CanaryLabelTests
{
    [Theory]
    [InlineData("1 pause, 25% 5m, 50%", "1 pause|25% 300|50% -")]
    [InlineData("2", "2 -")]
    [InlineData(" 10%  30s ,100% 0", "10% 30|100% 0")]
    public void The_label_is_read(string text, string expected)
    {
        Assert.True(CanaryLabel.TryParse(text, out var steps));
        Assert.Equal(expected, string.Join('|', steps.Select(step =>
            $"{step.Stage.Size} {(step.Pause is null ? "-" : step.Pause.For?.TotalSeconds.ToString("0") ?? "pause")}")));
        Assert.All(steps, step => Assert.Equal(step.Stage, RolloutStage.Parse(step.Stage.ToString())));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("101%")]
    [InlineData("1,,2")]
    [InlineData("50%, 25%")]
    [InlineData("1 wait")]
    [InlineData("1 5m pause")]
    [InlineData("1 8d")]
    [InlineData("-1")]
    public void A_label_that_says_nothing_is_refused(string text) => Assert.False(CanaryLabel.TryParse(text, out _));

    [Theory]
    [InlineData("25%", 4, 1)]
    [InlineData("25%", 5, 2)]
    [InlineData("1%", 10, 1)]
    [InlineData("100%", 3, 3)]
    [InlineData("7", 3, 3)]
    public void A_share_is_of_the_count_and_at_least_one(string text, int count, int expected)
    {
        Assert.True(CanarySize.TryParse(text, out var size));
        Assert.Equal(expected, size.Of(count));
    }
}
