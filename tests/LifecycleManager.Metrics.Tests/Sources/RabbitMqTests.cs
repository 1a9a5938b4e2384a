using System.Text.Json;
using LifecycleManager.Metrics.Core.Queries;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LifecycleManager.Metrics.Tests.Sources;

/// <summary>
/// What RabbitMQ 3.10 answered: queues with and without messages, of two virtual hosts, one that is new, refusals.
/// </summary>
public sealed class RabbitMqTests
{
    [Theory]
    [InlineData("orders", null, null, 25.0)]
    [InlineData("orders", null, "ready", 25.0)]
    [InlineData("orders", null, "unacknowledged", 0.0)]
    [InlineData("orders", null, "publishRate", 3.0)]
    [InlineData("idle", null, "publishRate", 0.0)]
    [InlineData("idle", null, "messages", 0.0)]
    [InlineData("shop/new orders", null, null, 6.0)]
    [InlineData("new orders", "shop", "ready", 6.0)]
    [InlineData("a/b", "shop", null, 0.0)]
    [InlineData("orders*", null, "ready", 37.0)]
    [InlineData("orders-*", null, "publishRate", 1.2)]
    [InlineData("*", "shop", null, 6.0)]
    [InlineData("$app", "shop", null, null, "there is no queue '/shop/web' in the virtual host 'shop'")]
    [InlineData("nowhere", null, null, null, "there is no queue 'nowhere' in the virtual host '/'")]
    [InlineData("nowhere-*", null, null, null, "no queue of the virtual host '/' matches 'nowhere-*'")]
    [InlineData("nowhere/*", null, null, null, "there is no virtual host 'nowhere'")]
    public async Task A_queue_or_those_of_a_pattern(
        string queue, string? vhost, string? word, double? value, string? problem = null)
    {
        await using var rabbit = await Recorded();
        using var questions = new Questions(Questions.Options() with { RabbitMq = rabbit.Url });
        var query = new MetricQuery
        {
            Source = MetricSource.RabbitMq,
            Selector = queue,
            From = new SourceSettings { Vhost = vhost, Read = word },
        };
        Assert.True(query.NeverNegative);
        var (read, told) = await questions.AskAsync(query);
        Assert.Equal(value, read);
        if (problem is null) Assert.Null(told);
        else Assert.Contains(problem, told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_greatest_of_a_pattern_is_no_sum()
    {
        await using var rabbit = await Recorded();
        using var questions = new Questions(Questions.Options() with { RabbitMq = rabbit.Url });
        Assert.Equal((25, null), await questions.AskAsync(new MetricQuery
        {
            Source = MetricSource.RabbitMq,
            Selector = "orders*",
            From = new SourceSettings { Across = Aggregation.Max },
        }));
    }

    [Fact]
    public async Task A_queue_that_has_no_statistics_yet_is_missing_and_so_is_a_pattern_with_it()
    {
        await using var rabbit = await Recorded("new");
        using var questions = new Questions(Questions.Options() with { RabbitMq = rabbit.Url });
        var query = new MetricQuery { Source = MetricSource.RabbitMq, Selector = "orders" };
        Assert.EndsWith("does not know the queue's depth yet", (await questions.AskAsync(query)).Problem,
            StringComparison.Ordinal);
        rabbit.Handler = context => context.Response.WriteAsync("""[{"name":"orders-a","messages":1},{"name":"orders-b"}]""");
        Assert.EndsWith("does not know the depth of orders-b yet",
            (await questions.AskAsync(query with { Selector = "orders-*" })).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_login_that_is_refused_is_told_with_its_remedy()
    {
        await using var rabbit = await Recorded("no-login");
        using var questions = new Questions(Questions.Options() with { RabbitMq = rabbit.Url });
        Assert.EndsWith("answered 401; name credentials: --metrics-credentials rabbitmq=USER@FILE",
            (await questions.AskAsync(new MetricQuery { Source = MetricSource.RabbitMq, Selector = "orders" })).Problem,
            StringComparison.Ordinal);
    }

    /// <summary>Serves what was recorded, by its path; or one answer to everything.</summary>
    private static Task<HttpServer> Recorded(string? only = null)
    {
        var records = File.ReadLines(Path.Combine("Data", "rabbitmq.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement).ToList();
        return HttpServer.StartAsync(async context =>
        {
            // Escaped slashes stay escaped in the raw target alone.
            var raw = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
            var found = records.LastOrDefault(record => only is null
                ? record.GetProperty("path").GetString() == raw
                    && record.GetProperty("id").GetString() is not ("no-login" or "new")
                : record.GetProperty("id").GetString() == only);
            if (found.ValueKind == JsonValueKind.Undefined)
            {
                context.Response.StatusCode = 404;
                return;
            }

            context.Response.StatusCode = found.GetProperty("status").GetInt32();
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(found.GetProperty("body").GetString()!);
        });
    }
}
