using CsCheck;
using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Resources;

public sealed class ResourceSetTests
{
    private static readonly string[] Names = ["cpus", "mem", "gold"];

    private static readonly Gen<Resource> Amounts = Gen.OneOf(
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 5000], (name, milli) => Resource.OfScalar(Names[name], milli / 1000.0)),
        Gen.Select(Gen.ULong[0, 30], Gen.ULong[0, 5],
            (begin, length) => Resource.OfRanges("ports", new ValueRange(begin, begin + length))),
        Gen.Int[0, 2].Select(item => new Resource { Name = "zones", Type = ResourceType.Set, Set = new ValueSet([Names[item]]) }),
        Gen.Int[1, 5000].Select(milli => Resource.OfScalar("cpus", milli / 1000.0) with { Role = "web" }),
        Gen.Int[1, 5000].Select(milli => Resource.OfScalar("cpus", milli / 1000.0) with { Revocable = new RevocableInfo() }));

    private static readonly Gen<ResourceSet> Sets = Amounts.Array[0, 6].Select(resources => ResourceWire.Parse(resources));

    [Fact]
    public void Thousandths_are_exact_however_often_they_are_added()
    {
        var tenth = ResourceWire.Parse([Resource.OfScalar("cpus", 0.1)]);
        var sum = ResourceSet.Empty;
        for (var i = 0; i < 10; i++) sum = sum.Plus(tenth);
        Assert.Equal(ResourceWire.Parse([Resource.OfScalar("cpus", 1)]), sum);
        for (var i = 0; i < 10; i++) sum = sum.Minus(tenth);
        Assert.True(sum.IsEmpty);

        // As Mesos rounds: to the nearest thousandth.
        Assert.Equal(1, ResourceWire.Parse([Resource.OfScalar("cpus", 0.0009)]).Milli("cpus"));
        Assert.True(ResourceWire.Parse([Resource.OfScalar("cpus", 0.0004)]).IsEmpty);
    }

    [Fact]
    public void What_is_added_can_be_taken_away_again() => Gen.Select(Sets, Sets).Sample((a, b) =>
    {
        var both = a.Plus(b);
        Assert.Equal(both, b.Plus(a));
        Assert.True(both.Contains(a) && both.Contains(b));

        // Numbers and names that both have are one: without the one they are gone.
        var common = !a.Without(b).Equals(a) && Overlaps(a, b);
        if (!common) Assert.Equal(a, both.Minus(b));
        Assert.True(a.Contains(a.Without(b)));
        Assert.Equal(a.Contains(b) && b.Contains(a), a.Equals(b));
    });

    [Fact]
    public void The_wire_holds_everything() => Sets.Sample(set =>
    {
        Assert.Equal(set, ResourceWire.Parse(set.ToWire("role")));
        Assert.Equal(set, ResourceWire.Parse(set.ToWire(refined: false)));
    });

    [Fact]
    public void Ranges_agree_with_sets_of_numbers() =>
        Gen.Select(Ranges, Ranges, (a, b) => (a, b)).Sample((a, b) =>
        {
            var (x, y) = (RangeSet.Of(a), RangeSet.Of(b));
            Assert.Equal(Numbers(x).Union(Numbers(y)).Order(), Numbers(x.Plus(y)));
            Assert.Equal(Numbers(x).Except(Numbers(y)).Order(), Numbers(x.Minus(y)));
            Assert.Equal(!Numbers(y).Except(Numbers(x)).Any(), x.Contains(y));
        });

    [Fact]
    public void Ranges_reach_to_the_largest_number()
    {
        var all = RangeSet.Of([new ValueRange(0, ulong.MaxValue)]);
        var top = RangeSet.Of([new ValueRange(ulong.MaxValue, ulong.MaxValue)]);
        Assert.True(all.Contains(top));
        Assert.Equal(RangeSet.Of([new ValueRange(0, ulong.MaxValue - 1)]), all.Minus(top));
        Assert.Equal(all, all.Minus(top).Plus(top));
    }

    [Theory]
    [InlineData("""[{"name": "cpus", "type": "SCALAR", "scalar": {"value": -0.5}}]""", "cpus: the amount")]
    [InlineData("""[{"name": "cpus", "type": "SCALAR"}]""", "'scalar' is missing")]
    [InlineData("""[{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1e300}}]""", "over")]
    [InlineData("""[{"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 5, "end": 4}]}}]""", "ends before")]
    [InlineData("""[{"name": "", "type": "SCALAR", "scalar": {"value": 1}}]""", "name")]
    [InlineData("""[{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}, "role": "a//b"}]""", "role")]
    [InlineData("""[{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}, "role": "a", "reservations": [{"role": "b"}]}]""",
        "both")]
    [InlineData(
        """[{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}, "reservations": [{"type": "EVER", "role": "b"}]}]""",
        "EVER")]
    public void What_is_not_valid_is_named(string json, string says)
    {
        var resources = System.Text.Json.JsonSerializer.Deserialize(json, MesosJson.Default.ResourceArray);
        Assert.Contains(says, Assert.Throws<ResourceException>(() => ResourceWire.Parse(resources)).Message,
            StringComparison.Ordinal);
    }

    private static Gen<ValueRange[]> Ranges =>
        Gen.Select(Gen.ULong[0, 40], Gen.ULong[0, 8], (begin, length) => new ValueRange(begin, begin + length)).Array[0, 6];

    private static IEnumerable<ulong> Numbers(RangeSet set) =>
        set.Ranges.SelectMany(range => Enumerable.Range(0, (int)(range.End - range.Begin + 1))
            .Select(i => range.Begin + (ulong)i));

    private static bool Overlaps(ResourceSet a, ResourceSet b) => a.Entries.Any(entry =>
        entry.Kind.Type != ResourceType.Scalar && b.Entries.Any(other => other.Kind.Equals(entry.Kind)));
}
