using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>
/// What Marathon's pages on deployments, health checks, groups and blue-green deployments document, and what goes beyond, on real
/// processes of one stack. Every test has a group of its own.
/// </summary>
public sealed class MarathonPagesTests(MarathonPagesTests.Up up) : IClassFixture<MarathonPagesTests.Up>
{
    private Stack Stack => up.Stack;

    [Fact]
    public async Task Deployments_keep_the_upgrade_strategy_lock_the_app_and_are_rolled_back()
    {
        await MakeAsync(
            """{"id":"/pages/roll","cmd":"echo 1; exec sleep 100000","cpus":0.01,"mem":16,"instances":4,"upgradeStrategy":{"minimumHealthCapacity":0.5,"maximumOverCapacity":0}}""");
        await Stack.InstancesAsync("/pages/roll", 4);
        await Eventually.TrueAsync(() => IdleAsync("/pages/roll"), "the end of the deployment", more: Stack.Describe);
        var started = await SendAsync("PUT", "/v2/apps/pages/roll", """{"cmd":"echo 2; exec sleep 100000"}""", 200);
        var least = int.MaxValue;
        var most = 0;
        await Eventually.TrueAsync(async () =>
        {
            var tasks = (await Stack.Api.GetTasks()).Tasks.Where(task => task.AppId == "/pages/roll").ToList();
            least = Math.Min(least, tasks.Count(task => task.State == "TASK_RUNNING"));
            most = Math.Max(most, tasks.Count);
            return tasks.Count == 4 && tasks.All(task => task.State == "TASK_RUNNING"
                && task.Version == (string)started["version"]!) && await IdleAsync("/pages/roll");
        }, "the upgrade", more: Stack.Describe);
        Assert.True(least >= 2, $"only {least} ran");
        Assert.True(most <= 4, $"{most} were there");

        var stuck = await SendAsync("PUT", "/v2/apps/pages/roll", """{"cpus":100000}""", 200);
        var locked = await SendAsync("PUT", "/v2/apps/pages/roll", """{"instances":5}""", 409);
        Assert.Equal((string?)stuck["deploymentId"], (string?)locked["deployments"]![0]!["id"]);
        var back = await SendAsync("DELETE", $"/v2/deployments/{stuck["deploymentId"]}", null, 200);
        Assert.NotEqual((string?)stuck["deploymentId"], (string?)back["deploymentId"]);
        await Stack.InstancesAsync("/pages/roll", 4);
        await Eventually.TrueAsync(() => IdleAsync("/pages/roll"), "the end of the rollback", more: Stack.Describe);
        Assert.Equal(0.01, (await Stack.Api.GetApp("pages/roll")).App.Cpus);
    }

    [Fact]
    public async Task Health_checks_replace_an_instance_that_is_not_healthy_any_more()
    {
        var sick = Path.Combine(Stack.WorkDirectory, "sick");
        await MakeAsync($$$"""
            {"id":"/pages/health","cmd":"exec sleep 100000","cpus":0.01,"mem":16,"backoffSeconds":0.1,
             "healthChecks":[{"protocol":"COMMAND","command":{"value":"test ! -f {{{sick}}}"},"gracePeriodSeconds":1,"intervalSeconds":0.5,"delaySeconds":0,"maxConsecutiveFailures":2}]}
            """);
        var first = Assert.Single(await HealthyAsync("/pages/health", 1));

        await File.WriteAllTextAsync(sick, "");
        await Eventually.TrueAsync(
            async () => (await Stack.Api.GetTasks()).Tasks.All(task => task.Id != first.Id), "the end of the sick one",
            more: Stack.Describe);
        File.Delete(sick);
        var second = Assert.Single(await HealthyAsync("/pages/health", 1));

        Assert.NotEqual(first.Id, second.Id);
        Assert.True(second.HealthCheckResults![0].Alive);
    }

    [Fact]
    public async Task Groups_start_what_others_depend_on_first_and_are_scaled_shown_dry_and_deleted_whole()
    {
        var gate = Path.Combine(Stack.WorkDirectory, "gate");
        var group = $$$"""
            {"id":"/shop","groups":[
              {"id":"db","apps":[{"id":"mongo","cmd":"exec sleep 100000","cpus":0.01,"mem":16,
                "healthChecks":[{"protocol":"COMMAND","command":{"value":"test -f {{{gate}}}"},"gracePeriodSeconds":60,"intervalSeconds":0.5,"delaySeconds":0}]}]},
              {"id":"web","dependencies":["/shop/db"],"apps":[{"id":"front","cmd":"exec sleep 100000","cpus":0.01,"mem":16,"instances":2}]}]}
            """;
        var steps = (await SendAsync("PUT", "/v2/groups?dryRun=true", $$"""{"groups":[{{group}}]}""", 200))["steps"]!.AsArray();
        var order = steps.Select(step => string.Join(',', step!["actions"]!.AsArray()
            .Where(action => ((string)action!["app"]!).StartsWith("/shop/", StringComparison.Ordinal))
            .Select(action => $"{action!["action"]} {action["app"]}"))).ToList();
        Assert.Equal(["StartApplication /shop/db/mongo,StartApplication /shop/web/front", "ScaleApplication /shop/db/mongo",
            "ScaleApplication /shop/web/front"], order[^3..]);

        await SendAsync("POST", "/v2/groups", group, 201);
        await Eventually.TrueAsync(async () => (await Stack.RunningAsync("/shop/db/mongo")).Count == 1, "the database",
            more: Stack.Describe);
        Assert.Empty(await Stack.RunningAsync("/shop/web/front"));
        await File.WriteAllTextAsync(gate, "");
        await Stack.InstancesAsync("/shop/web/front", 2);

        await Eventually.TrueAsync(() => IdleAsync("/shop/web/front"), "the end of the deployment", more: Stack.Describe);
        await SendAsync("PUT", "/v2/groups/shop/web", """{"scaleBy":1.5}""", 200);
        await Stack.InstancesAsync("/shop/web/front", 3);
        await SendAsync("POST", "/v2/apps", """{"id":"/shop/web","cmd":"x"}""", 422);
        await SendAsync("DELETE", "/v2/groups/shop?force=true", null, 200);
        await Eventually.TrueAsync(
            async () =>
                (await Stack.Api.GetTasks()).Tasks.All(task => !task.AppId.StartsWith("/shop/", StringComparison.Ordinal)),
                "the end of the group", more: Stack.Describe);
    }

    [Fact]
    public async Task Blue_green_goes_on_after_kill_9_and_one_version_serves_at_any_time()
    {
        await MakeAsync(
            """{"id":"/pages/bg","cmd":"echo 1; exec sleep 100000","cpus":0.01,"mem":16,"instances":2,"portDefinitions":[{"port":0,"name":"http"}]}""");
        await Stack.InstancesAsync("/pages/bg", 2);
        var blue = await AddressesAsync("pages_bg");
        Assert.Equal(2, blue.Count);
        await Eventually.TrueAsync(() => IdleAsync("/pages/bg"), "the end of the deployment", more: Stack.Describe);
        await SendAsync("POST", "/v2/apps/pages/bg/blue-green?switch=manual&keep=1h", """{"cmd":"echo 2; exec sleep 100000"}""",
            200);
        await Stack.InstancesAsync("/pages/bg", 4);
        Assert.Equal(blue, await AddressesAsync("pages_bg"));

        await up.RestartAsync();
        await Eventually.TrueAsync(async () => (string?)(await GetAsync("/v2/apps/pages/bg/blue-green"))["state"] == "ready",
            "the green ones", more: Stack.Describe);
        Assert.Equal(blue, await AddressesAsync("pages_bg"));
        await Eventually.TrueAsync(async () =>
        {
            using var verified = await Stack.Scheduler.PostAsync("/v2/apps/pages/bg/blue-green/switch", null);
            return verified.IsSuccessStatusCode;
        }, "the switch", more: Stack.Describe);
        var green = await AddressesAsync("pages_bg");
        Assert.Equal(2, green.Count);
        Assert.Empty(green.Intersect(blue));

        await SendAsync("POST", "/v2/apps/pages/bg/blue-green/abort", null, 200);
        Assert.Equal(blue, await AddressesAsync("pages_bg"));
        await Stack.InstancesAsync("/pages/bg", 2);
        Assert.Equal(blue, await AddressesAsync("pages_bg"));
    }

    [Fact]
    public async Task A_canary_waits_and_a_broken_version_goes_back_by_itself_and_a_file_is_fetched()
    {
        var file = Path.Combine(Stack.WorkDirectory, "greeting.txt");
        await File.WriteAllTextAsync(file, "hello");
        await MakeAsync($$$"""
            {"id":"/pages/canary","cmd":"grep -q hello greeting.txt && exec sleep 100000","fetch":[{"uri":"file://{{{file}}}"}],"cpus":0.01,"mem":16,"instances":3,
             "backoffSeconds":0.1,"labels":{"lcm.canary":"1 pause","lcm.rollback.after":"10s"}}
            """);
        await Stack.InstancesAsync("/pages/canary", 3);
        await Eventually.TrueAsync(() => IdleAsync("/pages/canary"), "the end of the deployment", more: Stack.Describe);
        var broken = await SendAsync("PUT", "/v2/apps/pages/canary",
            """{"healthChecks":[{"protocol":"COMMAND","command":{"value":"false"},"intervalSeconds":1,"delaySeconds":0}]}""",
            200);
        await Eventually.TrueAsync(async () => (await Stack.Api.GetTasks()).Tasks.Count(task => task.AppId == "/pages/canary"
            && task.Version == (string)broken["version"]!) == 1,
            "one canary", more: Stack.Describe);
        await Eventually.TrueAsync(async () => (await Stack.Api.GetApp("pages/canary")).App.HealthChecks is { Count: 0 }
            && await IdleAsync("/pages/canary"), "the way back", more: Stack.Describe);
        await Stack.InstancesAsync("/pages/canary", 3);

        var good = await SendAsync("PUT", "/v2/apps/pages/canary", """{"cmd":"grep -q hell greeting.txt && exec sleep 100000"}""",
            200);
        await Eventually.TrueAsync(async () => (await GetAsync($"/v2/deployments/{good["deploymentId"]}"))["paused"] is not null,
            "the rest", more: Stack.Describe);
        Assert.Equal(1, (await Stack.RunningAsync("/pages/canary")).Count(task => task.Version == (string)good["version"]!));
        await SendAsync("POST", $"/v2/deployments/{good["deploymentId"]}/promote", null, 200);
        await Eventually.TrueAsync(async () => (await Stack.RunningAsync("/pages/canary"))
            .Count(task => task.Version == (string)good["version"]!) == 3, "all of them", more: Stack.Describe);
    }

    private async Task MakeAsync(string json)
    {
        using var made = await Stack.PostAsync(json);
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync());
    }

    private async Task<bool> IdleAsync(string app) =>
        (await Stack.Api.GetDeployments()).All(deployment => !deployment.AffectedApps.Contains(app, StringComparer.Ordinal));

    private async Task<JsonNode> GetAsync(string path) => JsonNode.Parse(await Stack.Scheduler.GetStringAsync(path))!;

    private async Task<JsonNode> SendAsync(string method, string path, string? json, int status)
    {
        using var message = new HttpRequestMessage(new HttpMethod(method), path);
        if (json is not null) message.Content = new StringContent(json, Encoding.UTF8, "application/json");
        using var answer = await Stack.Scheduler.SendAsync(message);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == status, $"{method} {path}: {(int)answer.StatusCode} {text}\n{Stack.Describe()}");
        return JsonNode.Parse(text)!;
    }

    private Task<IReadOnlyList<AppTask>> HealthyAsync(string app, int count) =>
        Eventually.GetAsync<IReadOnlyList<AppTask>>(async () =>
    {
        var tasks = (await Stack.Api.GetTasks()).Tasks.Where(task => task.AppId == app).ToList();
        return tasks.Count == count && tasks.All(task => task.HealthCheckResults is { Count: > 0 } results
            && results.All(result => result.Alive)) ? tasks : null;
    }, $"{count} healthy instances of {app}", more: Stack.Describe);

    private async Task<SortedSet<string>> AddressesAsync(string app)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, "/v2/tasks");
        message.Headers.Accept.ParseAdd("text/plain");
        using var answer = await Stack.Scheduler.SendAsync(message);
        var line = (await answer.Content.ReadAsStringAsync()).Split('\n')
            .Single(line => line.StartsWith(app + "\t", StringComparison.Ordinal));
        return new SortedSet<string>(line.Split('\t', StringSplitOptions.RemoveEmptyEntries).Skip(2), StringComparer.Ordinal);
    }

    /// <summary>One stack for all of them.</summary>
    public sealed class Up : IAsyncLifetime
    {
        internal Stack Stack { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Stack = await Stack.UpAsync(["--docker", "unix:///nowhere/docker.sock"]);

        public ValueTask DisposeAsync() => Stack.DisposeAsync();

        internal async Task RestartAsync()
        {
            await Stack.KillAsync();
            await Stack.StartAsync();
        }
    }
}
