using System.Text.RegularExpressions;
using LifecycleManager.Scheduler.OpenApi;

namespace LifecycleManager.Scheduler.Tests.Api;

public sealed class DocumentTests : IAsyncLifetime
{
    private SchedulerUnderTest _scheduler = null!;

    public async ValueTask InitializeAsync() => _scheduler = await SchedulerUnderTest.StartAsync();

    public ValueTask DisposeAsync() => _scheduler.DisposeAsync();

    [Fact]
    public async Task The_document_describes_every_operation_and_every_field()
    {
        var document = (await _scheduler.GetAsync("/openapi")).Is(200).Json;
        Assert.StartsWith("3.", (string?)document["openapi"], StringComparison.Ordinal);
        foreach (var operation in ApiOperations.All)
            Assert.NotNull(document["paths"]![operation.Path]![operation.Method.Method.ToLowerInvariant()]);
        var app = document["components"]!["schemas"]!["App"]!["properties"]!;
        Assert.Equal("integer", (string?)app["instances"]!["type"]);
        Assert.Equal("#/components/schemas/AppHealthCheck", (string?)app["healthChecks"]!["items"]!["$ref"]);
        Assert.True((bool)app["tasksRunning"]!["readOnly"]!);
        Assert.Contains("value", document["components"]!["schemas"]!["HealthCommand"]!["required"]!.AsArray()
            .Select(name => (string)name!));
    }

    [Fact]
    public async Task Every_operation_of_the_document_is_answered()
    {
        foreach (var operation in ApiOperations.All.Where(operation => operation.Path != "/v2/events"
            && operation.Path != "/v2/leader"))
        {
            var path = Regex.Replace(operation.Path, @"\{\w+\}", "none");
            var answer = await _scheduler.SendAsync(operation.Method.Method, path, operation.Body is null ? null : "nonsense");
            Assert.True((int)answer.Status is not (405 or 500 or 501),
                $"{operation.Method} {path}: {answer.Status} {answer.Text}");
        }
    }

    [Fact]
    public async Task The_page_needs_nothing_from_elsewhere()
    {
        var page = (await _scheduler.GetAsync("/docs")).Is(200).Text;
        Assert.Empty(Regex.Matches(page, "(src|href)=\"(https?:)?//[^\"]*\"").Select(match => match.Value));
        var script = Regex.Match(page, "src=\"([^\"]+\\.js[^\"]*)\"").Groups[1].Value;
        var scripts = (await _scheduler.GetAsync(new Uri(new Uri(_scheduler.Url, "/docs/"), script).PathAndQuery)).Is(200);
        Assert.True(scripts.Bytes.Length > 0);
    }
}
