using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Core.Tests.Queries;

public sealed class JsonValuePathTests
{
    private const string Stats = """
        {"queue":{"depth":12,"name":"orders"},"text":"1.5e3","none":null,"big":123456789012345678901234567890,
         "queues":[{"name":"a","depth":1},{"name":"b","depth":2.5}]}
        """;

    [Theory]
    [InlineData("$.queue.depth", 12)]
    [InlineData("queue.depth", 12)]
    [InlineData("text", 1500)]
    [InlineData("$.queues[1].depth", 2.5)]
    [InlineData("$.queues[?(@.name == 'a')].depth", 1)]
    [InlineData("$.big", 1.2345678901234568e29)]
    public void A_path_leads_to_a_number(string path, double value) =>
        Assert.Equal([value], JsonValuePath.Read(Stats, path));

    [Fact]
    public void A_path_may_lead_to_several_or_to_none()
    {
        Assert.Equal([1, 2.5], JsonValuePath.Read(Stats, "$.queues[*].depth"));
        Assert.Empty(JsonValuePath.Read(Stats, "$.queues[7].depth"));
        Assert.Equal([3], JsonValuePath.Read("3", "$"));
    }

    [Theory]
    [InlineData("$.queue", "queue is an object: name the number in it")]
    [InlineData("$.queue.name", "queue.name is a string, not a number")]
    [InlineData("$.none", "none is null")]
    public void What_is_no_number_is_told(string path, string problem) =>
        Assert.Equal(problem, Assert.Throws<FormatException>(() => JsonValuePath.Read(Stats, path)).Message);

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"queue\":{\"depth\":12}} x")]
    [InlineData("<html>")]
    public void A_damaged_document_is_told(string json) =>
        Assert.Throws<FormatException>(() => JsonValuePath.Read(json, "$.queue.depth"));

    [Fact]
    public void A_document_of_any_depth_is_read_or_refused() =>
        Assert.Throws<FormatException>(() => JsonValuePath.Read(new string('[', 100_000), "$"));

    [Theory]
    [InlineData("$.a[", false)]
    [InlineData("", false)]
    [InlineData("$.a[?(@.b ==)]", false)]
    [InlineData("$..a", true)]
    [InlineData("a.b[0]", true)]
    public void A_path_is_checked_before_it_is_used(string path, bool good) =>
        Assert.Equal(good, JsonValuePath.Check(path) is null);
}
