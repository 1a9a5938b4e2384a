using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Tests.Sources;

public sealed class JsonSourceTests
{
    private const string Stats = """{"queue":{"depth":12},"queues":[{"depth":1},{"depth":2}],"none":null}""";

    [Theory]
    [InlineData("/stats?app=$app", "$.queue.depth", null, 12.0, null)]
    [InlineData("/stats?app=$app", "queues[*].depth", Aggregation.Sum, 3.0, null)]
    [InlineData("/stats?app=$app", "queues[*].depth", null, null,
        "'queues[*].depth' has 2 values: say how they become one, 'across: sum' (max, min, avg or count)")]
    [InlineData("/stats?app=$app", "$.depth", null, null, "/base/stats has nothing at '$.depth'")]
    [InlineData("/stats?app=$app", "$.none", null, null, "/base/stats: none is null")]
    [InlineData("/stats?app=$app", "$.queue", null, null, "/base/stats: queue is an object: name the number in it")]
    [InlineData("/stats/%2e%2e/admin", "$.queue", null, null, "the path /stats/%2e%2e/admin leads out of the server's own")]
    [InlineData("/plain", null, null, 7.0, null)]
    [InlineData("/html", "$.queue", null, null, "/base/html: malformed JSON at line 1, column 1")]
    [InlineData("/none", "$.queue", null, null, "/base/none answered 404")]
    public async Task A_number_is_taken_out_of_an_answer(
        string path, string? value, Aggregation? across, double? expected, string? problem)
    {
        await using var server = await HttpServer.StartAsync("application/json", new()
        {
            ["/base/stats?app=%2Fshop%2Fweb&key=1"] = Stats,
            ["/base/plain?key=1"] = "7",
            ["/base/html?key=1"] = "<html></html>",
        });
        using var files = new SourceFiles($"json: {{ stats: {{ url: 'http://127.0.0.1:{server.Port}/base/?key=1' }} }}");
        using var questions = new Questions(Questions.Options(files.Path));
        var (read, told) = await questions.AskAsync(new MetricQuery
        {
            Source = MetricSource.Json,
            Selector = path,
            From = new SourceSettings { Value = value, Across = across },
        });
        Assert.Equal(expected, read);
        if (problem is null) Assert.Null(told);
        else Assert.EndsWith(problem, told, StringComparison.Ordinal);
    }
}
