using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Primitives.Tests.Text;

public sealed class NearestNameTests
{
    private static readonly string[] Known = ["instances", "cpus", "mem", "disk", "tpm"];

    [Theory]
    [InlineData("instnaces", "instances")]
    [InlineData("CPUS", "cpus")]
    [InlineData("mme", "mem")]
    [InlineData("entirely-other", null)]
    [InlineData("", null)]
    public void The_nearest_is_found_where_one_is_near(string wrong, string? nearest) =>
        Assert.Equal(nearest, NearestName.Of(wrong, Known));

    [Fact]
    public void Suggestions_say_what_is_known_where_nothing_is_near()
    {
        Assert.Equal("did you mean 'tpm'?", NearestName.Suggest("tmp", Known));
        Assert.Equal("known: instances, cpus, mem, disk, tpm", NearestName.Suggest("entirely-other", Known));
        Assert.Null(NearestName.Suggest("x-y-z-entirely", Enumerable.Range(0, 13).Select(index => $"name{index}")));
        Assert.Equal("; did you mean 'disk'?", NearestName.Hint("dsik", Known));
        Assert.Equal("", NearestName.Hint(new string('x', 100_000), Known));
    }
}
