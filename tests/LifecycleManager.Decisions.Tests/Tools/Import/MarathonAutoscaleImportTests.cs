namespace LifecycleManager.Decisions.Tests.Tools.Import;

/// <summary>marathon-autoscale's variables and its arithmetic beside ours.</summary>
public sealed class MarathonAutoscaleImportTests
{
    private const string Usual = "AS_MARATHON_APP=/shop/web\nAS_MIN_INSTANCES=1\nAS_MAX_INSTANCES=40\nAS_INTERVAL=10\n"
        + "AS_SCALE_UP_FACTOR=3\nAS_COOL_DOWN_FACTOR=3\n";

    private const string Cpu = "AS_TRIGGER_MODE=cpu\nAS_MAX_RANGE=80\nAS_MIN_RANGE=55\nAS_AUTOSCALE_MULTIPLIER=1.5\n";

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
        var cluster = Importing.Of("env", Usual + Cpu.Replace("1.5", multiplier, StringComparison.Ordinal)).LosesNothing().At(40);
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
    [InlineData("AS_COLOUR=red", "11:1", "AS_COLOUR")]
    [InlineData("AS_MAX_CPU_TIME=80", "11:1", "beside AS_MAX_RANGE")]
    [InlineData("AS_INTERVAL2=5", "11:1", "AS_INTERVAL2")]
    public void What_it_does_not_know_is_lost_with_its_place(string line, string place, string about) =>
        Assert.Equal(2, Importing.Of("env", Usual + Cpu + line).Loses(place, about).Policy.Rules.Count);

    [Theory]
    [InlineData("AS_MAX_RANGE=80", "AS_MAX_RANGE=much", "8:1", "must be a number")]
    [InlineData("AS_MAX_RANGE=80", "AS_MAX_RANGE=", "1:1", "AS_MAX_RANGE is not given")]
    [InlineData("AS_MIN_RANGE=55\n", "", "1:1", "AS_MIN_RANGE is not given")]
    [InlineData("=cpu", "=moon", "7:1", "has no counterpart")]
    [InlineData("=cpu", "=and", "8:1", "needs two numbers")]
    [InlineData("=cpu", "=", "1:1", "AS_TRIGGER_MODE is not given")]
    [InlineData("MULTIPLIER=1.5", "MULTIPLIER=0.5", "1:1", "AS_AUTOSCALE_MULTIPLIER (over 1)")]
    [InlineData("MULTIPLIER=1.5", "MULTIPLIER=", "1:1", "AS_AUTOSCALE_MULTIPLIER (over 1)")]
    public void What_is_not_given_or_cannot_be_read_makes_no_rule(string from, string to, string place, string about) =>
        Assert.Empty(Importing.Of("env", Usual + Cpu.Replace(from, to, StringComparison.Ordinal)).Loses(place, about)
            .Policy.Rules);

    [Fact]
    public void The_one_number_of_older_versions_is_passed_once_more() => Assert.Contains("for: 30s",
        Importing.Of("env", (Usual + Cpu).Replace("SCALE_UP_FACTOR", "TRIGGER_NUMBER", StringComparison.Ordinal))
            .LosesNothing().Text, StringComparison.Ordinal);

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
        var import = Importing.Of("env", Usual + Cpu + "AS_PASSWORD=hunter2\nAS_USERID=me\nAS_DCOS_MASTER=leader").LosesNothing();
        Assert.DoesNotContain("hunter2", import.Output + import.Error, StringComparison.Ordinal);
        Assert.Contains("env:11:1: note: 'AS_PASSWORD'", import.Error, StringComparison.Ordinal);
    }
}
