using LifecycleManager.Metrics.Core.Queries;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Metrics.Tests.Sources;

/// <summary>What is asked of servers that speak Prometheus' API, as Thanos, Mimir and Cortex want it.</summary>
public sealed class PromQlRequestTests
{
    private static readonly MetricQuery Query = new()
    {
        Source = MetricSource.PromQl,
        Selector = "sum(rate(calls_total{app=\"$app\",team=~\"${label:team}.*\"}[5m]))",
        From = new SourceSettings { Server = "mimir" },
    };

    private static readonly Dictionary<string, string> Labels = new() { ["team"] = "a.b" };

    [Fact]
    public async Task A_named_server_is_asked_with_its_tenant_its_parameters_and_its_login()
    {
        var seen = new List<string>();
        await using var server = await Answering(seen);
        using var files = new SourceFiles($$"""
            prometheus:
              mimir:
                url: http://127.0.0.1:{{server.Port}}/prometheus/?dedup=true&max_source_resolution=0s
                headers: { X-Scope-OrgID: shop }
                headerFiles: { X-Api-Key: key }
                user: lcm
                passwordFile: password
            """);
        files.Secret("key", "k3y\n");
        files.Secret("password", "s3cret\n");
        using var questions = new Questions(Questions.Options(files.Path));
        Assert.Equal((7, null), await questions.AskAsync(Query, Labels));
        Assert.Equal("GET /prometheus/api/v1/query sum(rate(calls_total{app=\"/shop/web\",team=~\"a\\\\.b.*\"}[5m])) dedup=true "
            + "max_source_resolution=0s X-Scope-OrgID=shop X-Api-Key=k3y Authorization=Basic bGNtOnMzY3JldA==",
            Assert.Single(seen));

        // A secret is read again when it changes, and stands in no message.
        files.Secret("password", "");
        var problem = (await questions.AskAsync(Query, Labels)).Problem;
        Assert.Equal($"down: the secret {Path.Combine(files.Directory, "password")} is empty or not set", problem);
        Assert.DoesNotContain("s3cret", string.Concat(questions.Log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_long_query_is_posted_and_any_where_the_operator_says_so()
    {
        var seen = new List<string>();
        await using var server = await Answering(seen);
        using var files = new SourceFiles($$"""
            prometheus:
              mimir: { url: 'http://127.0.0.1:{{server.Port}}?dedup=true' }
              posted: { url: 'http://127.0.0.1:{{server.Port}}', method: post, tokenFile: env:PROMQL_REQUEST_TESTS }
            """);
        Environment.SetEnvironmentVariable("PROMQL_REQUEST_TESTS", "t0ken");
        using var questions = new Questions(Questions.Options(files.Path));
        var longest = string.Join(" + ", Enumerable.Range(0, 400).Select(i => $"q{i}"));
        Assert.Equal(7, (await questions.AskAsync(Query with { Selector = longest })).Value);
        Assert.Equal(7, (await questions.AskAsync(Query with { Selector = "q", From = new() { Server = "posted" } })).Value);
        Assert.Equal([$"POST /api/v1/query {longest} dedup=true", "POST /api/v1/query q Authorization=Bearer t0ken"], seen);
    }

    [Fact]
    public async Task The_options_server_keeps_its_prefix_and_its_query()
    {
        var seen = new List<string>();
        await using var server = await Answering(seen);
        using var questions = new Questions(Questions.Options() with
        {
            Prometheus = new Uri($"http://127.0.0.1:{server.Port}/prefix?dedup=true"),
            Credentials = [new MetricsCredential("prometheus", null, "env:PROMQL_REQUEST_TESTS_2")],
        });
        Environment.SetEnvironmentVariable("PROMQL_REQUEST_TESTS_2", "t0ken");
        Assert.Equal(7, (await questions.AskAsync(Query with { Selector = "q", From = null })).Value);
        Assert.Equal("GET /prefix/api/v1/query q dedup=true Authorization=Bearer t0ken", Assert.Single(seen));
    }

    [Theory]
    [InlineData("http://p:9090?query=up", null, "Prometheus: the parameter 'query' is the query's own")]
    [InlineData("http://p:9090?dedup=true", "http://r:15672?x=1", "RabbitMq: the address has no query")]
    public void An_address_that_would_garble_what_is_asked_is_refused(string prometheus, string? rabbit, string problem)
    {
        var options = Questions.Options() with
        {
            Prometheus = new Uri(prometheus),
            RabbitMq = rabbit is null ? null : new Uri(rabbit),
        };
        Assert.StartsWith(problem, Assert.Throws<ArgumentException>(options.Check).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401,
        "answered 401; name credentials: 'user' and 'passwordFile', or 'tokenFile', of the prometheus server 'mimir'")]
    [InlineData(404, "answered 404: no query API is there: is the address' path the right one?")]
    [InlineData(503, "answered 503; it starts, or is overloaded")]
    [InlineData(302, "answered 302, a redirect: name the address that it leads to")]
    public async Task A_refusal_says_what_to_do(int status, string problem)
    {
        await using var server = await HttpServer.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "/login?token=x";
            return Task.CompletedTask;
        });
        using var files = new SourceFiles($"prometheus: {{ mimir: {{ url: 'http://127.0.0.1:{server.Port}' }} }}");
        using var questions = new Questions(Questions.Options(files.Path));
        var told = (await questions.AskAsync(Query, Labels)).Problem!;
        Assert.StartsWith($"down: http://127.0.0.1:{server.Port}", told, StringComparison.Ordinal);
        Assert.EndsWith(problem, told, StringComparison.Ordinal);
    }

    private static Task<HttpServer> Answering(List<string> seen) => HttpServer.StartAsync(async context =>
    {
        var request = context.Request;
        var fields = request.HasFormContentType
            ? (await request.ReadFormAsync()).ToDictionary(field => field.Key, field => field.Value)
            : request.Query.ToDictionary(field => field.Key, field => field.Value);
        var own = request.Query.Where(field => field.Key is not ("query" or "time" or "timeout"))
            .Select(field => $" {field.Key}={field.Value}");
        var headers = ((string[])["X-Scope-OrgID", "X-Api-Key", "Authorization"]).Where(request.Headers.ContainsKey)
            .Select(name => $" {name}={request.Headers[name]}");
        seen.Add($"{request.Method} {request.Path} {fields["query"]}{string.Concat(own)}{string.Concat(headers)}");
        Assert.EndsWith("ms", fields["timeout"].ToString(), StringComparison.Ordinal);
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(
            $$"""{"status":"success","data":{"resultType":"scalar","result":[{{fields["time"]}},"7"]} }""");
    });
}
