using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Core.Tests.Queries;

public sealed class PartitionSetTests
{
    [Theory]
    [InlineData("0", new[] { 0 }, 0)]
    [InlineData("0, 2, 4-7", new[] { 0, 2, 4, 5, 6, 7 }, 7)]
    [InlineData("8-9,1", new[] { 1, 8, 9 }, 9)]
    [InlineData("3-3", new[] { 3 }, 3)]
    public void Numbers_and_ranges_are_partitions(string text, int[] partitions, int greatest)
    {
        Assert.True(PartitionSet.TryParse(text, out var set, out var problem), problem);
        Assert.Equal(partitions, Enumerable.Range(0, 12).Where(set.Contains));
        Assert.Equal(greatest, set.Greatest);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("1,", "")]
    [InlineData("a", "a")]
    [InlineData("-1", "-1")]
    [InlineData("3-1", "3-1")]
    [InlineData("1-2-3", "1-2-3")]
    [InlineData("1, 99999999999", "99999999999")]
    public void Anything_else_is_refused_with_what_is_wrong(string text, string part)
    {
        Assert.False(PartitionSet.TryParse(text, out _, out var problem));
        Assert.Equal($"'{part}' is no partition and no range of them: 0, 2, 4-7", problem);
    }
}
