using System.Text.Json.Nodes;
using LifecycleManager.Runtime.Documents;
using YamlDotNet.Core;

namespace LifecycleManager.Runtime.Tests.Documents;

public sealed class YamlJsonTests
{
    [Theory]
    [InlineData("a: 1\nb: [x, \"2\", ~]\nc: { d: true }", """{"a":1,"b":["x","2",null],"c":{"d":true}}""")]
    [InlineData("- 1.5\n- '1.5'\n- 1e3\n- .5", """[1.5,"1.5",1000,0.5]""")]
    [InlineData("a: |\n  x\n  y\n", "{\"a\":\"x\\ny\\n\"}")]
    public void Yaml_is_the_json_that_it_stands_for(string yaml, string json) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), YamlJson.Read(yaml)), YamlJson.Read(yaml)?.ToJsonString());

    [Theory]
    [InlineData("a: 1\na: 2", "'a' is there twice")]
    [InlineData("a: &x 1\nb: *x", "an alias stands here")]
    [InlineData("a: 1\n---\nb: 2", "a second document begins")]
    [InlineData("? [a]\n: 1", "a name is needed here")]
    public void What_could_be_read_in_two_ways_is_refused(string yaml, string expected) =>
        Assert.Contains(expected, Assert.Throws<YamlException>(() => YamlJson.Read(yaml)).Message);

    [Fact]
    public void What_is_nested_without_bound_is_refused() =>
        Assert.Contains("nested deeper",
            Assert.Throws<YamlException>(() => YamlJson.Read(new string('[', 1000) + new string(']', 1000))).Message);

    [Fact]
    public void Nothing_is_nothing() => Assert.Null(YamlJson.Read("# a comment"));
}
