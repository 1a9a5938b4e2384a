using System.Net;
using System.Text.Json;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Console.Tests.Pages;

public sealed class PagesTests
{
    private static readonly App Search = new()
    {
        Id = "/brownfield/search",
        Cmd = "serve",
        Instances = 3,
        Cpus = 0.5,
        Mem = 256,
        TasksRunning = 2,
        TasksHealthy = 1,
        TasksUnhealthy = 1,
        HealthChecks = [new AppHealthCheck { Protocol = "HTTP" }],
        Tasks =
        [
            new AppTask
            {
                Id = "search.1", AppId = "/brownfield/search", Host = "10.0.0.7", Ports = [31005], State = "TASK_RUNNING",
                HealthCheckResults = [new HealthCheckResult { Alive = false, LastFailureCause = "503 Service Unavailable" }],
            },
        ],
    };

    [Fact]
    public async Task Apps_shows_counts_health_and_state_and_links_to_each()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.Show(Search, Search with { Id = "/idle", Instances = 0, TasksRunning = 0, TasksUnhealthy = 0 });

        var page = await console.GetAsync("/ui");
        Assert.Contains("2 / 3", await console.GetAsync("/ui/apps"), StringComparison.Ordinal);

        Assert.Contains("href=\"/ui/apps/brownfield/search\"", page, StringComparison.Ordinal);
        Assert.Contains("2 / 3", page, StringComparison.Ordinal);
        Assert.Contains("1 unhealthy", page, StringComparison.Ordinal);
        Assert.Contains(">Waiting<", page, StringComparison.Ordinal);
        Assert.Contains(">Suspended<", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pods_are_shown_with_their_instances_and_containers()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.Show();
        console.Answers["/v2/pods::status"] = """
            [{"id": "/shop/pair", "spec": {"id": "/shop/pair", "scaling": {"instances": 2}, "version": "2026-11-24T12:00:00.000Z"}, "status": "DEGRADED",
              "statusSince": "x", "lastUpdated": "x", "lastChanged": "x", "instances": [{"id": "shop_pair.instance-0123456789ab", "status": "STABLE",
                "statusSince": "x", "agentHostname": "node-7", "resources": {}, "specReference": "x", "lastUpdated": "x", "lastChanged": "x",
                "containers": [{"name": "web", "status": "TASK_RUNNING", "statusSince": "x", "containerId": "x", "resources": {}, "lastUpdated": "x", "lastChanged": "x",
                  "conditions": [{"name": "healthy", "value": "false", "lastChanged": "x", "lastUpdated": "x"}],
                  "endpoints": [{"name": "http", "allocatedHostPort": 31005, "healthy": false}]}]}]}]
            """;

        var page = await console.GetAsync("/ui");

        Assert.Contains("/shop/pair", page, StringComparison.Ordinal);
        Assert.Contains("1 / 2", page, StringComparison.Ordinal);
        Assert.Contains("node-7", page, StringComparison.Ordinal);
        Assert.Contains("web running, unhealthy :31005", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_app_shows_its_instances_with_the_reason_of_bad_health_and_its_decisions()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.Show(Search with { CountOwner = "policy search" });
        console.Answers["/v1/decisions"] = """
            {"decisions": [{"id": "1", "at": "2026-11-24T12:00:00Z", "app": "/brownfield/search", "policy": "search", "rule": "busy",
              "from": 2, "to": 3, "reason": "busy: tpm 24 > 10 * instances 2 for 30s, +1", "outcome": "applied", "dryRun": false}]}
            """;

        var page = await console.GetAsync("/ui/apps/brownfield/search");

        Assert.Contains("policy search", page, StringComparison.Ordinal);
        Assert.Contains("10.0.0.7:31005", page, StringComparison.Ordinal);
        Assert.Contains("503 Service Unavailable", page, StringComparison.Ordinal);
        Assert.Contains("busy: tpm 24 &gt; 10 * instances 2 for 30s, &#x2B;1", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_queue_says_why_each_agent_was_refused()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        var queue = new LaunchQueue(
        [
            new QueueItem
            {
                App = Search, Count = 2, Delay = new QueueDelay(0, true),
                LastUnusedOffers =
                [
                    new UnusedOffer
                    {
                        Offer = JsonDocument.Parse("""{"hostname": "node-3"}""").RootElement, Timestamp = "2026-11-24T12:00:00Z",
                        Reason = ["InsufficientCpus"], Message = "0.2 of 0.5 cpus are free",
                    },
                ],
            },
        ]);
        console.Answers["/v2/queue"] = JsonSerializer.Serialize(queue, MarathonJson.Default.LaunchQueue);

        var page = await console.GetAsync("/ui/queue");

        Assert.Contains("2 waiting", page, StringComparison.Ordinal);
        Assert.Contains("node-3", page, StringComparison.Ordinal);
        Assert.Contains("0.2 of 0.5 cpus are free", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deployment_shows_its_stage_and_what_it_waits_for()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.Answers["/v2/deployments"] = """
            [{"id": "d-1", "version": "2026-11-24T12:00:00.000Z", "currentStep": 1, "totalSteps": 3,
              "currentActions": [{"action": "RestartApplication", "app": "/web", "stage": "canary 25%"}],
              "paused": {"since": "2026-11-24T12:00:00.000Z", "message": "it waits to be promoted"}},
             {"id": "d-2", "version": "2026-11-24T12:00:00.000Z", "currentStep": 1, "totalSteps": 1,
              "currentActions": [{"action": "ScaleApplication", "app": "/idle"}]}]
            """;

        var page = await console.GetAsync("/ui/deployments");

        var (waits, goesOn) = (page[..page.IndexOf("d-2", StringComparison.Ordinal)],
            page[page.IndexOf("d-2", StringComparison.Ordinal)..]);
        Assert.Contains("canary 25%", waits, StringComparison.Ordinal);
        Assert.Contains("it waits to be promoted", waits, StringComparison.Ordinal);
        Assert.Contains("data-action=\"promote\"", waits, StringComparison.Ordinal);
        Assert.DoesNotContain("data-action=\"promote\"", goesOn, StringComparison.Ordinal);
        Assert.Contains("data-action=\"pause\"", goesOn, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agents_show_their_use_and_the_instances_on_them()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.Answers["/slaves"] = """
            {"slaves": [{"id": "a-1", "hostname": "node-1", "active": true, "resources": {"cpus": 8, "mem": 1024}, "used_resources": {"cpus": 2.5, "mem": 512},
              "attributes": {"rack": "1"}}]}
            """;
        console.Answers["/v2/tasks"] = """{"tasks": [{"id": "t", "appId": "/x", "slaveId": "a-1"}]}""";

        var page = await console.GetAsync("/ui/agents");

        Assert.Contains("2.5 / 8", page, StringComparison.Ordinal);
        Assert.Contains("rack: 1", page, StringComparison.Ordinal);
        Assert.Contains("<td class=\"number\">1</td>", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Policies_show_what_is_refused_with_its_place()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.Answers["/v1/policies"] = """
            {"policies": [{"name": "search", "app": "/search", "file": "search.yml", "min": 1, "max": 9,
               "findings": [{"message": "the policy 'search' governs no app"}]}],
             "budgets": [
               {"name": "shop", "apps": "/shop/*", "instances": 24, "cost": 40.5, "used": {"instances": 7}},
               {"name": "new", "apps": "/new/*", "cpus": 2}],
             "files": [{"file": "search.yml", "problems": []},
               {"file": "night.yml", "problems": [{"line": 7, "column": 3, "severity": "error", "message": "unknown name 'tmp'"}]}]}
            """;
        console.Answers["/v1/targets"] =
            """{"targets": [{"app": "/search", "address": "http://h:1/admin", "state": "down", "lastError": "500"}]}""";

        var page = await console.GetAsync("/ui/policies");

        Assert.Contains("<td>search</td>", page, StringComparison.Ordinal);
        Assert.Contains("night.yml:7:3: error: unknown name &#x27;tmp&#x27;", page, StringComparison.Ordinal);
        Assert.Contains("the policy &#x27;search&#x27; governs no app", page, StringComparison.Ordinal);
        Assert.Contains("1 to 9", page, StringComparison.Ordinal);
        foreach (var cell in new[] { "7 instances", "24 instances", "40.5 an hour", "2 cpus", "unknown" })
            Assert.Contains($"<td class=\"count\">{cell}</td>", page, StringComparison.Ordinal);
        Assert.Contains("http://h:1/admin", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_users_write_is_text_never_markup()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.Show(Search with { Id = "/x", Cmd = "<script>alert(1)</script>" });

        Assert.DoesNotContain("<script>alert", await console.GetAsync("/ui/apps/x"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/ui")]
    [InlineData("/ui/deployments")]
    [InlineData("/ui/queue")]
    [InlineData("/ui/agents")]
    [InlineData("/ui/decisions")]
    [InlineData("/ui/policies")]
    [InlineData("/ui/apps/gone")]
    public async Task A_role_that_does_not_answer_is_said_on_the_page(string path)
    {
        await using var console = await ConsoleUnderTest.StartAsync();

        Assert.Contains("class=\"trouble\"", await console.GetAsync(path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_manager_its_pages_are_left_out()
    {
        await using var console = await ConsoleUnderTest.StartAsync(manager: false);
        console.Show(Search);

        Assert.DoesNotContain("/ui/decisions", await console.GetAsync("/ui"), StringComparison.Ordinal);
        Assert.DoesNotContain("Decisions", await console.GetAsync("/ui/apps/brownfield/search"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_root_leads_to_the_console()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = console.Url };
        using var answer = await client.GetAsync("/", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        Assert.Equal("/ui", answer.Headers.Location!.ToString());
    }
}
