using System.Text.RegularExpressions;

namespace LifecycleManager.Scheduler.Tests.OpenApi;

public sealed class MarathonDocumentTests : IAsyncLifetime
{
    /// <summary>What clients have been generated from. More may come; nothing goes.</summary>
    private const string Promised = """
        GET /v2/apps
        POST /v2/apps
        PUT /v2/apps
        PATCH /v2/apps
        GET /v2/apps/{id}
        PUT /v2/apps/{id}
        PATCH /v2/apps/{id}
        DELETE /v2/apps/{id}
        POST /v2/apps/{id}/restart
        POST /v2/apps/{id}/blue-green
        GET /v2/apps/{id}/blue-green
        POST /v2/apps/{id}/blue-green/verify
        POST /v2/apps/{id}/blue-green/switch
        POST /v2/apps/{id}/blue-green/abort
        GET /v2/apps/{id}/versions
        GET /v2/apps/{id}/versions/{version}
        GET /v2/apps/{id}/tasks
        DELETE /v2/apps/{id}/tasks
        DELETE /v2/apps/{id}/tasks/{task}
        GET /v2/groups
        POST /v2/groups
        PUT /v2/groups
        DELETE /v2/groups
        GET /v2/groups/{id}
        PUT /v2/groups/{id}
        DELETE /v2/groups/{id}
        GET /v2/groups/{id}/apps
        GET /v2/groups/{id}/versions
        GET /v2/groups/{id}/versions/{version}
        GET /v2/pods
        HEAD /v2/pods
        POST /v2/pods
        GET /v2/pods::status
        GET /v2/pods/{id}
        PUT /v2/pods/{id}
        DELETE /v2/pods/{id}
        GET /v2/pods/{id}::status
        GET /v2/pods/{id}::versions
        GET /v2/pods/{id}::versions/{version}
        DELETE /v2/pods/{id}::instances
        DELETE /v2/pods/{id}::instances/{instance}
        GET /v2/deployments
        GET /v2/deployments/{id}
        POST /v2/deployments/{id}/pause
        POST /v2/deployments/{id}/resume
        POST /v2/deployments/{id}/promote
        POST /v2/deployments/{id}/abort
        DELETE /v2/deployments/{id}
        GET /v2/tasks
        POST /v2/tasks/delete
        GET /v2/queue
        GET /v2/rebalance
        POST /v2/rebalance
        DELETE /v2/queue/{id}/delay
        GET /v2/events
        GET /v2/info
        GET /v2/plugins
        GET /v2/leader
        DELETE /v2/leader
        GET /ping
        """;

    private SchedulerUnderTest _scheduler = null!;

    public async ValueTask InitializeAsync() => _scheduler = await SchedulerUnderTest.StartAsync();

    public ValueTask DisposeAsync() => _scheduler.DisposeAsync();

    [Fact]
    public async Task The_document_has_all_that_was_ever_in_it()
    {
        var described = (await DescribedAsync()).Select(operation => $"{operation.Method} {operation.Path}");
        Assert.Empty(Promised.Split('\n', StringSplitOptions.TrimEntries).Except(described));
    }

    [Fact]
    public async Task Each_route_is_described_and_each_description_is_of_a_route()
    {
        var routes = _scheduler.Routes.Where(route =>
            route.Pattern.StartsWith("/v2", StringComparison.Ordinal) || route.Pattern == "/ping").ToList();
        Assert.NotEmpty(routes);

        // The last one answers that there is no such thing.
        Assert.All(
            routes.Where(route => route.Pattern != "/v2/{**path}"), route => Assert.NotEmpty(route.Table?.Operations ?? []));
        Assert.Equal(
            _scheduler.Operations.Select(operation => (operation.Method, operation.DocumentPath)).Order(),
            (await DescribedAsync()).Order());
    }

    [Fact]
    public async Task Every_field_is_described()
    {
        var document = (await _scheduler.GetAsync("/openapi")).Is(200).Json;
        Assert.StartsWith("3.", (string?)document["openapi"], StringComparison.Ordinal);
        var app = document["components"]!["schemas"]!["App"]!["properties"]!;
        Assert.Equal("integer", (string?)app["instances"]!["type"]);
        Assert.Equal("#/components/schemas/AppHealthCheck", (string?)app["healthChecks"]!["items"]!["$ref"]);
        Assert.True((bool)app["tasksRunning"]!["readOnly"]!);
        Assert.Contains("value", document["components"]!["schemas"]!["HealthCommand"]!["required"]!.AsArray()
            .Select(name => (string)name!));
    }

    [Fact]
    public async Task The_parameters_of_a_path_are_those_that_it_names()
    {
        var paths = (await _scheduler.GetAsync("/openapi")).Is(200).Json["paths"]!.AsObject();
        Assert.All(paths, path => Assert.All(path.Value!.AsObject(), operation => Assert.Equal(
            Regex.Matches(path.Key, @"\{(\w+)\}").Select(match => match.Groups[1].Value),
            (operation.Value!["parameters"]?.AsArray() ?? []).Where(parameter => (string?)parameter!["in"] == "path")
                .Select(parameter => (string)parameter!["name"]!))));
    }

    [Fact]
    public async Task Every_operation_of_the_document_is_answered()
    {
        foreach (var (method, described) in await DescribedAsync())
        {
            if (described is "/v2/events" or "/v2/leader") continue;
            var path = Regex.Replace(described, @"\{\w+\}", "none");
            var answer = await _scheduler.SendAsync(method, path, method is "GET" or "HEAD" or "DELETE" ? null : "nonsense");
            Assert.True((int)answer.Status is not (405 or 500 or 501), $"{method} {path}: {answer.Status} {answer.Text}");
            Assert.False(answer.Text.Contains("there is no /", StringComparison.Ordinal), $"{method} {path}: {answer.Text}");
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

    private async Task<List<(string Method, string Path)>> DescribedAsync()
    {
        var document = (await _scheduler.GetAsync("/openapi")).Is(200).Json;
        return
        [
            .. from path in document["paths"]!.AsObject()
            from operation in path.Value!.AsObject()
            select (operation.Key.ToUpperInvariant(), path.Key),
        ];
    }
}
