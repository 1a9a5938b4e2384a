namespace LifecycleManager.Decisions.Tests.Tools.Import;

/// <summary>marathon-autoscale's variables and its arithmetic beside ours.</summary>
public sealed class MarathonAutoscaleImportTests
{
    private const string Usual = "AS_MARATHON_APP=/shop/web\nAS_MIN_INSTANCES=1\nAS_MAX_INSTANCES=40\nAS_INTERVAL=10\n";

    [Theory]
    [InlineData("1.5")]
    [InlineData("2")]
    [InlineData("1.37")]
    [InlineData("1.1")]
    [InlineData("3.333")]
    public void It_shrinks_as_the_source_rounds_and_gets_to_its_least(string multiplier)
    {
        // The source: after 3 cycles below the range floor(instances / multiplier), at least its minimum, and begins anew.
        var factor = decimal.Parse(multiplier, System.Globalization.CultureInfo.InvariantCulture);
        var cluster = Importing.Of("env", Usual + $"AS_AUTOSCALE_MULTIPLIER={multiplier}\n").LosesNothing().At(40);
        cluster.Metrics.Instances("cpu", [.. Enumerable.Repeat((0.1, true), 40)]);
        var steps = cluster.Run(TimeSpan.FromMinutes(40), seconds: 10).Prepend(40).ToList();
        var expected = new List<int> { 40 };
        while (expected[^1] > 1) expected.Add(Math.Max(1, (int)Math.Floor(expected[^1] / factor)));
        Assert.Equal(expected, steps.Where((count, i) => i == 0 || count != steps[i - 1]));
        // One step in three cycles, no more.
        var times = Enumerable.Range(1, steps.Count - 1).Where(i => steps[i] != steps[i - 1]).ToList();
        Assert.All(times.Zip(times.Skip(1)), pair => Assert.True(pair.Second - pair.First >= 3));
    }

    [Theory]
    [InlineData("AS_COLOUR=red", "5:1", "AS_COLOUR")]
    [InlineData("AS_MAX_CPU_TIME=80\nAS_MAX_RANGE=70", "5:1", "beside AS_MAX_RANGE")]
    [InlineData("AS_MAX_RANGE=much", "5:1", "must be a number")]
    [InlineData("AS_INTERVAL2=5", "5:1", "AS_INTERVAL2")]
    [InlineData("AS_TRIGGER_MODE=moon", "5:1", "has no counterpart")]
    [InlineData("AS_AUTOSCALE_MULTIPLIER=0.5", "1:1", "could not be read")]
    public void What_cannot_be_read_is_lost_with_its_place(string line, string place, string about) =>
        Importing.Of("env", Usual + line).Loses(place, about);

    [Theory]
    [InlineData("AS_MIN_INSTANCES=few\nAS_MAX_INSTANCES=5")]
    [InlineData("AS_MIN_INSTANCES=6\nAS_MAX_INSTANCES=5")]
    public void Without_bounds_there_is_no_policy(string lines)
    {
        var import = Importing.Of("env", "AS_MARATHON_APP=/a\n" + lines);
        Assert.Equal((1, ""), (import.Code, import.Output));
    }

    [Fact]
    public void Its_secrets_are_no_loss_and_told_nowhere()
    {
        var import = Importing.Of("env", Usual + "AS_PASSWORD=hunter2\nAS_USERID=me\nAS_DCOS_MASTER=leader").LosesNothing();
        Assert.DoesNotContain("hunter2", import.Output + import.Error, StringComparison.Ordinal);
        Assert.Contains("env:5:1: note: 'AS_PASSWORD'", import.Error, StringComparison.Ordinal);
    }
}
