using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Sources;
using LifecycleManager.Metrics.Sources.Servers;

namespace LifecycleManager.Metrics.Tests.Sources;

public sealed class ConsumerLagTests
{
    private const string Earliest = SourceWords.Earliest, Latest = SourceWords.Latest;

    /// <summary>Partitions as <c>committed start end</c>, with a dash for no committed offset.</summary>
    [Theory]
    [InlineData("2 0 5, 5 0 5", null, 3.0)]
    [InlineData("0 0 0", null, 0.0)]
    // What retention has removed cannot be done any more.
    [InlineData("2 4 9", null, 5.0)]
    [InlineData("2 9 9", null, 0.0)]
    // A partition without anything in it has nothing to do, wherever the group would begin.
    [InlineData("2 0 5, - 0 0, - 7 7", null, 3.0)]
    // Nothing is committed: it is known where the group begins, or nothing is known.
    [InlineData("- 0 5, - 3 5", Earliest, 7.0)]
    [InlineData("- 0 5, - 3 5", Latest, double.NaN)]
    [InlineData("- 0 5, - 3 5", null, null, "the group 'g' has committed no offset of 't' that is still there: 'offsetReset")]
    [InlineData("- 0 0", Earliest, 0.0)]
    [InlineData("- 0 0", Latest, double.NaN)]
    [InlineData("- 0 0", null, null, "the group 'g' has committed no offset of 't'")]
    [InlineData("2 0 5, - 3 5", Earliest, 5.0)]
    [InlineData("2 0 5, - 3 5", Latest, 3.0)]
    [InlineData("2 0 5, - 3 5", null, null, "no committed offset that is still there of partition 1 of 't', where messages are")]
    [InlineData("- 0 5, 2 0 5, - 0 5", null, null, "of partitions 0, 2 of 't'")]
    // Beyond the end: a topic of the same name was there before.
    [InlineData("100 0 5", Earliest, 5.0)]
    [InlineData("100 0 5", Latest, double.NaN)]
    [InlineData("100 0 5, 1 0 5", null, null, "of partition 0 of 't'")]
    public void The_lag_is_what_is_there_after_the_committed_offset(
        string partitions, string? reset, double? value, string? problem = null)
    {
        var answer = Lag(reset).Of(Offsets(partitions), default);
        if (problem is null) Assert.Equal((value!.Value, null), (answer.Value, answer.Problem));
        else Assert.Contains(problem, answer.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void What_waits_where_nothing_is_committed_for_too_long_is_left_out_until_something_is()
    {
        var lag = Lag(null, TimeSpan.FromMinutes(5));
        double After(double minutes, string partitions) => lag.Of(Offsets(partitions), TimeSpan.FromMinutes(minutes)).Value;
        Assert.Equal(13, After(0, "2 0 5, 0 0 10"));
        Assert.Equal(23, After(4.9, "2 0 10, 5 0 20"));
        Assert.Equal(10, After(5, "2 0 15, 10 0 20"));
        Assert.Equal(0, After(9.9, "2 0 15, 10 0 10"));
        // One that had nothing to do begins to wait when something comes.
        Assert.Equal(20, After(10, "2 0 15, 10 0 30"));
        Assert.Equal(20, After(14.9, "2 0 15, 10 0 30"));
        Assert.Equal(0, After(15, "2 0 15, 10 0 30"));
        Assert.Equal(12, After(16, "3 0 15, 10 0 30"));
    }

    private static ConsumerLag Lag(string? reset, TimeSpan? persistent = null) => new(
        "t", new SourceSettings { Group = "g", OffsetReset = reset, ExcludePersistentLag = persistent });

    private static TopicOffsets Offsets(string partitions)
    {
        var all = partitions.Split(", ").Select(text => text.Split(' ')).Select((part, number) => new PartitionOffsets(
            number, part[0] == "-" ? null : long.Parse(part[0]), long.Parse(part[1]), long.Parse(part[2]))).ToList();
        return new TopicOffsets(all.Count, all);
    }
}
