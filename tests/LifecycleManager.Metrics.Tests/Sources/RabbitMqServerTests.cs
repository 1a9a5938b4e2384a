using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Testing;

namespace LifecycleManager.Metrics.Tests.Sources;

/// <summary>A real RabbitMQ broker; one test, since it takes some seconds to start.</summary>
public sealed class RabbitMqServerTests
{
    [Fact]
    public async Task Queues_patterns_and_logins_of_a_real_broker()
    {
        await using var rabbit = new RabbitProcess();
        await rabbit.StartAsync();
        await rabbit.CallAsync(HttpMethod.Put, "vhosts/shop", new { });
        foreach (var (vhost, queue, count) in ((string, string, int)[])[
            ("/", "orders", 5), ("/", "orders-eu", 3), ("/", "idle", 0), ("shop", "new orders/a", 2), ("shop", "/shop/web", 1)])
        {
            await rabbit.CallAsync(
                HttpMethod.Put, $"queues/{Uri.EscapeDataString(vhost)}/{Uri.EscapeDataString(queue)}", new { durable = true });
            await rabbit.PublishAsync(vhost, queue, count);
        }

        await rabbit.CallAsync(HttpMethod.Put, "users/nobody", new { password = "x", tags = "" });
        using var files = new SourceFiles($$"""
            rabbitmq:
              main: { url: '{{rabbit.Url}}', user: {{RabbitProcess.User}}, passwordFile: password }
              open: { url: '{{rabbit.Url}}' }
              nobody: { url: '{{rabbit.Url}}', user: nobody, passwordFile: other }
            """);
        files.Secret("password", RabbitProcess.Password);
        files.Secret("other", "x");
        using var questions = new Questions(Questions.Options(files.Path));
        Task<(double? Value, string? Problem)> AskAsync(string queue, string? vhost = null, string? word = null,
            Aggregation? across = null, string server = "main") => questions.AskAsync(new MetricQuery
            {
                Source = MetricSource.RabbitMq,
                Selector = queue,
                From = new SourceSettings { Server = server, Vhost = vhost, Read = word, Across = across },
            });

        // A queue is missing until the broker has gathered its statistics.
        Task Becomes(string queue, double value, string? vhost = null) => Eventually.TrueAsync(async () =>
        {
            var (read, problem) = await AskAsync(queue, vhost);
            Assert.True(problem?.EndsWith("does not know the queue's depth yet", StringComparison.Ordinal) != false, problem);
            return read == value;
        });
        await Becomes("orders", 5);
        await Becomes("orders-eu", 3);
        await Becomes("idle", 0);
        await Becomes("shop/new orders/a", 2);
        await Becomes("$app", 1, "shop");
        Assert.Equal((5, null), await AskAsync("orders", word: "ready"));
        Assert.Equal((0, null), await AskAsync("orders", word: "unacknowledged"));
        Assert.Equal((0, null), await AskAsync("idle", word: "publishRate"));
        Assert.Equal((0, null), await AskAsync("orders", word: "deliverRate"));
        Assert.Equal((8, null), await AskAsync("orders*", word: "ready"));
        Assert.Equal((5, null), await AskAsync("orders*", across: Aggregation.Max));
        Assert.Equal((2, null), await AskAsync("new orders/a", vhost: "shop"));

        // Messages that go on coming have a rate, of one queue and of a pattern.
        await Eventually.TrueAsync(async () =>
        {
            await rabbit.PublishAsync("/", "orders-eu", 5);
            return (await AskAsync("orders-eu", word: "publishRate")).Value > 0
                && (await AskAsync("orders-*", word: "publishRate")).Value > 0;
        });

        async Task Is(Task<(double? Value, string? Problem)> asked, string problem) =>
            Assert.Contains(problem, (await asked).Problem, StringComparison.Ordinal);
        await Is(AskAsync("nowhere"), "there is no queue 'nowhere' in the virtual host '/'");
        await Is(AskAsync("orders", vhost: "none"), "there is no queue 'orders' in the virtual host 'none'");
        await Is(AskAsync("nowhere-*"), "no queue of the virtual host '/' matches 'nowhere-*'");
        await Is(AskAsync("*", vhost: "none"), "there is no virtual host 'none'");
        await Is(AskAsync("orders", server: "open"), "answered 401; name credentials: 'user' and 'passwordFile'");
        await Is(AskAsync("orders", server: "nobody"), "answered 401");

        await rabbit.KillAsync();
        await Is(AskAsync("orders"), "down: ");
        Assert.DoesNotContain(RabbitProcess.Password, string.Concat(questions.Log.Lines), StringComparison.Ordinal);
    }
}
