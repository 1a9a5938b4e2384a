using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Discovery;
using LifecycleManager.Scheduler.Tests.Api;
using LifecycleManager.Scheduler.Tests.CoreCluster;
using LifecycleManager.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scheduler.Tests.Discovery;

public sealed class EurekaTests
{
    private static readonly EurekaRegistration One = new("SHOP", "t1", "h", "h", 80, false, null, "{}");

    [Fact]
    public void What_was_told_is_renewed_and_what_eureka_forgot_is_registered_again()
    {
        var ledger = new EurekaLedger(TimeSpan.FromSeconds(30));
        var (now, wanted) = (TimeSpan.Zero, new Dictionary<string, EurekaRegistration> { ["t1"] = One });
        var call = Assert.Single(ledger.Due(wanted, now));
        Assert.Equal(EurekaCallKind.Register, call.Kind);

        ledger.Told(call, EurekaOutcome.Failed, now);
        ledger.Told(Assert.Single(ledger.Due(wanted, now)), EurekaOutcome.Done, now);
        Assert.Empty(ledger.Due(wanted, now + TimeSpan.FromSeconds(29)));
        var renewal = Assert.Single(ledger.Due(wanted, now + TimeSpan.FromSeconds(30)));
        Assert.Equal(EurekaCallKind.Renew, renewal.Kind);

        ledger.Told(renewal, EurekaOutcome.Unknown, now);
        ledger.Told(Assert.Single(ledger.Due(wanted, now)), EurekaOutcome.Done, now);
        Assert.Equal(EurekaCallKind.Register,
            Assert.Single(ledger.Due(new Dictionary<string, EurekaRegistration> { ["t1"] = One with { Port = 81 } }, now)).Kind);
        var cancel = Assert.Single(ledger.Due(new Dictionary<string, EurekaRegistration>(), now));
        Assert.Equal(EurekaCallKind.Cancel, cancel.Kind);
        ledger.Told(cancel, EurekaOutcome.Done, now);
        Assert.Empty(ledger.Due(new Dictionary<string, EurekaRegistration>(), now));
    }

    [Fact]
    public async Task Instances_of_apps_that_ask_are_registered_renewed_and_cancelled()
    {
        await using var eureka = await FakeEureka.StartAsync();
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1");
        await using var scheduler = await SchedulerUnderTest.StartAsync(master: master.Address, change: options => options with
        {
            Eureka = [new Uri($"http://127.0.0.1:{Server.FreePort()}/eureka"), eureka.Url],
            EurekaRenewal = TimeSpan.FromSeconds(1),
        });
        (await scheduler.PostAsync("/v2/apps", """
            {"id":"/web/shop","cmd":"serve","cpus":0.1,"labels":{"lcm.eureka":"true","lcm.eureka.metadata.zone":"eu"},
             "healthChecks":[{"protocol":"MESOS_HTTP","path":"/health"}]}
            """)).Is(201);
        (await scheduler.PostAsync("/v2/apps", """{"id":"/web/quiet","cmd":"serve","cpus":0.1}""")).Is(201);
        await SchedulerUnderTest.UntilAsync(() => master.Tasks.Count == 2);
        var task = master.Launched.Single(id => id.StartsWith("web_shop", StringComparison.Ordinal));
        Assert.Empty(eureka.Instances);

        master.Report(task, TaskState.Running, healthy: true);
        await SchedulerUnderTest.UntilAsync(() => !eureka.Instances.IsEmpty);
        var instance = Assert.Single(eureka.Instances).Value;
        Assert.Equal(("SHOP", task, "UP"), ((string)instance["app"]!, (string)instance["instanceId"]!,
            (string)instance["status"]!));
        Assert.InRange((int)instance["port"]!["$"]!, 31_000, 32_000);
        Assert.Equal("eu", (string?)instance["metadata"]!["zone"]);
        Assert.EndsWith("/health", (string?)instance["healthCheckUrl"], StringComparison.Ordinal);
        await SchedulerUnderTest.UntilAsync(() => eureka.Renewals > 0);

        eureka.Instances.Clear();
        await SchedulerUnderTest.UntilAsync(() => !eureka.Instances.IsEmpty);
        master.Report(task, TaskState.Running, healthy: false);
        await SchedulerUnderTest.UntilAsync(() => eureka.Instances.IsEmpty);
    }

    private sealed class FakeEureka : IAsyncDisposable
    {
        private readonly WebApplication _app;
        private int _renewals;

        private FakeEureka(WebApplication app) => _app = app;

        public Uri Url => new(_app.Urls.Single() + "/eureka/");

        public ConcurrentDictionary<string, JsonNode> Instances { get; } = new();

        public int Renewals => _renewals;

        public static async Task<FakeEureka> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            var eureka = new FakeEureka(app);
            app.Run(eureka.AnswerAsync);
            await app.StartAsync();
            return eureka;
        }

        public ValueTask DisposeAsync() => _app.DisposeAsync();

        private async Task AnswerAsync(HttpContext context)
        {
            var parts = context.Request.Path.Value!.Trim('/').Split('/');
            switch (context.Request.Method, parts)
            {
                case ("POST", ["eureka", "apps", _]):
                    var sent = (await JsonNode.ParseAsync(context.Request.Body))!["instance"]!;
                    Instances[(string)sent["instanceId"]!] = sent;
                    context.Response.StatusCode = 204;
                    break;
                case ("PUT", ["eureka", "apps", _, var id]):
                    Interlocked.Increment(ref _renewals);
                    context.Response.StatusCode = Instances.ContainsKey(id) ? 200 : 404;
                    break;
                case ("DELETE", ["eureka", "apps", _, var id]):
                    context.Response.StatusCode = Instances.TryRemove(id, out _) ? 200 : 404;
                    break;
                default:
                    context.Response.StatusCode = 400;
                    break;
            }
        }
    }
}
