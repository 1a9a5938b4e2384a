using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Security.Admission;

namespace LifecycleManager.Scheduler.Tests.Admission;

/// <summary>Rules of admission at the scheduler's API, and what becomes of apps that new rules forbid.</summary>
public sealed class AppAdmissionTests : IAsyncLifetime
{
    private const string Privileged = """ "container": {"type": "DOCKER", "docker": {"image": "x", "privileged": true}} """;

    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-admission-").FullName;
    private AdmissionControl _admission = null!;
    private FakeMaster _master = null!;
    private SchedulerUnderTest _scheduler = null!;

    private string RulesFile => Path.Combine(_directory, "admission.yml");

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(RulesFile, "rules: [{ name: strict }]");
        _admission = AdmissionControl.OfFile(RulesFile);
        _master = (await FakeMaster.StartAsync()).WithAgent("a1");
        _scheduler = await SchedulerUnderTest.StartAsync(
            master: _master.Address, change: options => options with { Admission = _admission });
    }

    public async ValueTask DisposeAsync()
    {
        await _scheduler.DisposeAsync();
        await _master.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Each_way_to_make_or_change_an_app_is_refused_with_the_rule_and_the_path()
    {
        const string Path = "/container/docker/privileged";
        const string Rule = "the admission rule 'strict' does not admit privileged containers";
        (await _scheduler.PostAsync("/v2/apps", $$"""{"id": "/a", {{Privileged}}}""")).Is(422).Names(Path, Rule);
        (await _scheduler.PutAsync("/v2/apps/a", $$"""{ {{Privileged}} }""")).Is(422).Names(Path, Rule);
        (await _scheduler.PutAsync("/v2/apps", $$"""[{"id": "/b", "cmd": "b"}, {"id": "/a", {{Privileged}}}]""")).Is(422)
            .Names("(1)" + Path, Rule);
        (await _scheduler.PostAsync("/v2/apps",
            """{"id": "/a", "container": {"type": "DOCKER", "docker": {"image": "x"}}, "instances": 0}"""))
            .Is(201);
        (await _scheduler.PatchAsync("/v2/apps/a", $$"""{ {{Privileged}} }""")).Is(422).Names(Path, Rule);
        (await _scheduler.PostAsync("/v2/apps/a/blue-green", $$"""{ {{Privileged}} }""")).Is(422);
        var group = $$"""{"groups": [{"id": "deep", "apps": [{"id": "b", "cmd": "b"}, {"id": "a", {{Privileged}}}]}]}""";
        foreach (var answer in (ApiReply[])[
            await _scheduler.PutAsync("/v2/groups/shop", group), await _scheduler.PutAsync("/v2/groups/shop?dryRun=true", group),
            await _scheduler.PatchAsync("/v2/groups/shop", group)])
        {
            answer.Is(422).Names("/groups(0)/apps(1)" + Path, Rule);
        }

        (await _scheduler.PostAsync("/v2/groups", group.Replace("{\"groups\"", "{\"id\": \"shop\", \"groups\"",
            StringComparison.Ordinal)))
            .Is(422).Names("/groups(0)/apps(1)" + Path, "(app /shop/deep/a)");
        Assert.DoesNotContain("/shop", (await _scheduler.GetAsync("/v2/groups")).Text);
    }

    [Fact]
    public async Task A_pod_is_refused_with_the_path_of_its_container()
    {
        const string Pod = """
            {"id": "/pod", "scaling": {"kind": "fixed", "instances": 0}, "volumes": [{"name": "s",
                "host": "/var/run/docker.sock"}], "containers": [
              {"name": "one", "exec": {"command": {"shell": "x"}}},
              {"name": "two", "image": {"kind": "DOCKER", "id": "busybox"}, "volumeMounts": [
                {"name": "s", "mountPath": "/s", "readOnly": true}]},
              {"name": "three", "exec": {"command": {"shell": "x"}}, "user": "root"}]}
            """;
        var refused = (await _scheduler.PostAsync("/v2/pods", Pod)).Is(422);
        refused.Names("/containers(1)/volumeMounts(0)/hostPath", "in which a container engine listens");
        refused.Names("/containers(2)/user", "processes of 'root'");
        (await _scheduler.PostAsync("/v2/pods", Pod.Replace("/var/run/docker.sock", "/srv/x", StringComparison.Ordinal)
            .Replace("\"root\"", "\"nobody\"", StringComparison.Ordinal))).Is(201);
        (await _scheduler.PutAsync("/v2/pods/pod", Pod)).Is(422);
    }

    [Fact]
    public async Task What_a_new_rule_forbids_runs_on_and_is_not_started_anew()
    {
        await RunAsync("""{"id": "/web", "cmd": "serve", "instances": 3, "cpus": 0.1}""", 3);
        await RulesAsync("rules: [{ name: containers, level: restricted }]");
        await SchedulerUnderTest.UntilAsync(async () => (await WarningsAsync()).Contains("/web", StringComparison.Ordinal));
        Assert.Contains("the admission rule 'containers' does not admit processes", await WarningsAsync());
        Assert.Equal(200, (int)(await _scheduler.GetAsync("/health")).Status);

        (await _scheduler.PatchAsync("/v2/apps/web", """{"instances": 4}""")).Is(422).Names("/cmd",
            "the admission rule 'containers'");
        (await _scheduler.PutAsync("/v2/groups", """{"scaleBy": 2}""")).Is(422);
        (await _scheduler.PostAsync("/v2/apps/web/restart")).Is(422);
        Assert.Equal(3, await RunningAsync("/web"));

        // Fewer are admitted.
        (await _scheduler.PatchAsync("/v2/apps/web", """{"instances": 2}""")).Is(200);
        await SchedulerUnderTest.UntilAsync(async () => await RunningAsync("/web") == 2);

        // One that ends is not replaced, and the queue says why.
        _master.Report(_master.Tasks.First(task => task.State == TaskState.Running).Info.TaskId.Value,
            TaskState.Failed);
        await SchedulerUnderTest.UntilAsync(async () => await WaitsAsync("/web") is not null);
        var launched = _master.Launched.Count;
        Assert.StartsWith("/cmd: the admission rule 'containers'", await WaitsAsync("/web"));
        (await _scheduler.DeleteAsync("/v2/queue/web/delay")).Is(204);
        (await _scheduler.PostAsync("/v2/apps", """
            {"id": "/other", "container": {"type": "DOCKER", "docker": {"image": "x"}}, "user": "1000", "cpus": 0.1,
             "networks": [{"mode": "container/bridge"}]}
            """)).Is(201);
        await SchedulerUnderTest.UntilAsync(async () => await RunningAsync("/other") == 1);
        Assert.Equal(launched + 1, _master.Launched.Count);

        // Admitted again, it is started.
        await RulesAsync("rules: [{ name: strict }]");
        await SchedulerUnderTest.UntilAsync(async () => await RunningAsync("/web") == 2);
        Assert.DoesNotContain("/web", await WarningsAsync());
    }

    [Fact]
    public async Task Nothing_goes_back_to_a_version_that_is_forbidden_by_now()
    {
        await RunAsync("""{"id": "/web", "cmd": "serve", "user": "daemon", "instances": 1, "cpus": 0.1}""", 1);
        var old = (string)(await _scheduler.GetAsync("/v2/apps/web")).Json["app"]!["version"]!;
        (await _scheduler.PutAsync("/v2/apps/web", """{"user": "nobody"}""")).Is(200);
        await SettledAsync();
        await RulesAsync("rules: [{ name: nobody-alone, users: [nobody] }]");
        (await _scheduler.PutAsync("/v2/apps/web", $$"""{"version": "{{old}}"}""")).Is(422).Names("/user", "nobody-alone");

        // Taking the deployment back would have to start what nobody has room for: it has not been started before.
        await RulesAsync("rules: [{ name: open, level: privileged }]");
        await RunAsync("""{"id": "/two", "cmd": "serve", "user": "daemon", "instances": 0, "cpus": 1000}""", 0);
        (await _scheduler.PutAsync("/v2/apps/two", """{"instances": 1}""")).Is(200);
        await RulesAsync("rules: [{ name: nobody-alone, users: [nobody] }]");
        var deployment = (string)(await _scheduler.PutAsync("/v2/apps/two?force=true", """{"user": "nobody", "instances": 2}"""))
            .Is(200)
            .Json["deploymentId"]!;
        (await _scheduler.DeleteAsync($"/v2/deployments/{deployment}")).Is(422).Names("/user", "(app /two as it was)");
    }

    [Fact]
    public async Task A_version_that_is_forbidden_while_it_is_deployed_takes_nobodys_place()
    {
        await RunAsync(
            """
            {"id": "/web", "cmd": "serve", "instances": 3, "cpus": 0.1, "labels": {"lcm.canary": "1 pause"},
             "upgradeStrategy": {"minimumHealthCapacity": 0, "maximumOverCapacity": 0}}
            """, 3);
        var deployment = (string)(await _scheduler.PutAsync("/v2/apps/web", """{"user": "daemon"}""")).Is(
            200).Json["deploymentId"]!;
        await SchedulerUnderTest.UntilAsync(async () =>
            (await _scheduler.GetAsync($"/v2/deployments/{deployment}")).Json["paused"] is not null && await RunningAsync(
                "/web") == 3);
        await RulesAsync("rules: [{ name: nobody-alone, users: [nobody] }]");
        await SchedulerUnderTest.UntilAsync(async () => (await WarningsAsync()).Contains("/web", StringComparison.Ordinal));
        (await _scheduler.PostAsync($"/v2/deployments/{deployment}/promote")).Is(200);
        await SchedulerUnderTest.UntilAsync(async () => await WaitsAsync("/web") is not null);
        Assert.Equal(3, await RunningAsync("/web"));

        await RulesAsync("rules: [{ name: strict }]");
        await SettledAsync();
        Assert.Equal(3, await RunningAsync("/web"));
        Assert.Equal(3, _master.Tasks.Count(task => task is { State: TaskState.Running, Info.Command.User: "daemon" }));
    }

    private async Task RulesAsync(string rules)
    {
        await File.WriteAllTextAsync(RulesFile, rules);
        Assert.True(_admission.File!.Look());
        Assert.Null(_admission.File!.Problem);
    }

    private async Task RunAsync(string app, int count)
    {
        var id = (string)(await _scheduler.PostAsync("/v2/apps", app)).Is(201).Json["id"]!;
        await SchedulerUnderTest.UntilAsync(async () => await RunningAsync(id) == count);
        await SettledAsync();
    }

    private Task SettledAsync() => SchedulerUnderTest.UntilAsync(async () =>
        (await _scheduler.GetAsync("/v2/deployments")).Json.AsArray().Count == 0);

    private async Task<int> RunningAsync(string id) =>
        (int)(await _scheduler.GetAsync("/v2/apps" + id)).Is(200).Json["app"]!["tasksRunning"]!;

    private async Task<string?> WaitsAsync(string id) => (string?)(await _scheduler.GetAsync(
        "/v2/queue")).Json["queue"]!.AsArray()
        .FirstOrDefault(item => (string?)item!["app"]?["id"] == id)?["notAdmitted"];

    private async Task<string> WarningsAsync() =>
        string.Join('\n', (await _scheduler.GetAsync("/health")).Json["warnings"]!.AsArray().Select(warning => (string?)warning));
}
