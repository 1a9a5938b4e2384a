using LifecycleManager.Agent.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tests.Resources;

public sealed class ResourceTextTests
{
    [Fact]
    public void Mesos_syntax_is_understood()
    {
        var resources =
            ResourceText.Parse("cpus:2; mem:1024.5;ports(*):[31000-32000, 8000-9000,9001-9002];disk(prod):7;colors:{red, blue}");

        Assert.Equal(["cpus", "mem", "ports", "disk", "colors"], resources.Select(resource => resource.Name));
        Assert.Equal(1024.5, resources[1].Scalar!.Value);
        Assert.Equal([new(8000, 9002), new(31000, 32000)], resources[2].Ranges!.Range);
        Assert.Null(resources[2].Reservations);
        Assert.Equal(("STATIC", "prod"), (resources[3].Reservations![0].Type, resources[3].Reservations![0].Role));
        Assert.Equal(["red", "blue"], resources[4].Set!.Item);
    }

    [Fact]
    public void Mesos_json_is_understood() =>
        Assert.Equal(3,
            Assert.Single(ResourceText.Parse("""[{"name":"cpus","type":"SCALAR","scalar":{"value":3}}]""")).Scalar!.Value);

    [Fact]
    public void Amounts_are_exact_to_a_thousandth() => Assert.Equal(0.123, ResourceText.Parse("cpus:0.1234")[0].Scalar!.Value);

    [Theory]
    [InlineData("cpus", "'cpus' is not name:value")]
    [InlineData("cpus:many", "'cpus:many' has a value")]
    [InlineData("cpus:-1", "'cpus' is negative")]
    [InlineData("cpus:NaN", "NaN is not a finite number")]
    [InlineData("cpus:1;cpus:2", "'cpus' is stated twice")]
    [InlineData("cpus:[1-2]", "'cpus' is not scalar")]
    [InlineData("gpus:1.5", "'gpus' is not whole")]
    [InlineData("ports:[9-8]", "'9-8' begins after its end")]
    [InlineData("ports:[8-99999]", "'ports' has a port over 65535")]
    [InlineData("ports:[8-9", "'[8-9' lacks its ']'")]
    [InlineData("ports:[]", "'' is not begin-end")]
    [InlineData("disk():3", "has an empty role")]
    [InlineData("c pus:3", "has a name that is none")]
    [InlineData("""[{"name":"cpus","type":"SCALAR"}]""", "'cpus' needs the one value of its type")]
    [InlineData("[8", "not Mesos' JSON")]
    public void What_is_no_resource_is_named(string text, string message) =>
        Assert.Contains(message, Assert.Throws<FormatException>(() => ResourceText.Parse(text)).Message);

    [Fact]
    public void What_is_not_stated_is_detected_by_mesos_rules()
    {
        const long Gigabyte = 1L << 30;
        var totals = MachineResources.Totals(MachineResources.Complete(ResourceText.Parse("mem(prod):512"), 8, 16 * Gigabyte,
            100 * Gigabyte));

        Assert.Equal(8, totals["cpus"]);
        // Memory is stated, though for a role: it is not detected on top.
        Assert.Equal(512, totals["mem"]);
        Assert.Equal(95 * 1024, totals["disk"]);
        Assert.Equal(1001 + 1001, totals["ports"]);
        Assert.Equal(512, MachineResources.Totals(MachineResources.Complete([], 1, Gigabyte, Gigabyte))["mem"]);
    }

    [Fact]
    public void Attributes_are_numbers_ranges_sets_and_text()
    {
        var attributes = AttributeText.Parse("datacenter:X;rack:1;slots:[1-4];level:{a,b};url:http://x:1");

        Assert.Equal([ResourceType.Text, ResourceType.Scalar, ResourceType.Ranges, ResourceType.Set, ResourceType.Text],
            attributes.Select(a => a.Type));
        Assert.Equal("http://x:1", attributes[4].Text!.Value);
        Assert.Throws<FormatException>(() => AttributeText.Parse("rack"));
        Assert.Throws<FormatException>(() => AttributeText.Parse("rack:"));
    }
}
