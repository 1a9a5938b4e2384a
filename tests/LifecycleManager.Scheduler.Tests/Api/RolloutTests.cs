
namespace LifecycleManager.Scheduler.Tests.Api;

public sealed class RolloutTests : IAsyncLifetime
{
    private FakeMaster _master = null!;
    private SchedulerUnderTest _scheduler = null!;

    public async ValueTask InitializeAsync()
    {
        _master = (await FakeMaster.StartAsync()).WithAgent("a1");
        _scheduler = await SchedulerUnderTest.StartAsync(master: _master.Address);
    }

    public async ValueTask DisposeAsync()
    {
        await _scheduler.DisposeAsync();
        await _master.DisposeAsync();
    }

    [Fact]
    public async Task A_canary_is_steered_through_the_api()
    {
        await RunAsync("""{"id":"/a","cmd":"old","instances":4,"cpus":0.1,"labels":{"lcm.canary":"1 pause, 2 1h"}}""");
        var id = (string)(await _scheduler.PutAsync("/v2/apps/a", """{"cmd":"new"}""")).Is(200).Json["deploymentId"]!;
        await UntilPausedAsync(id, "to be promoted");
        var shown = (await _scheduler.GetAsync($"/v2/deployments/{id}")).Is(200).Json;
        Assert.Equal((1, 3, "canary 1"), ((int)shown["currentStep"]!, (int)shown["totalSteps"]!,
            (string)shown["currentActions"]![0]!["stage"]!));
        Assert.Null(shown["paused"]!["until"]);

        (await _scheduler.PostAsync($"/v2/deployments/{id}/resume")).Is(409);
        (await _scheduler.PostAsync($"/v2/deployments/{id}/pause")).Is(200);
        (await _scheduler.PostAsync($"/v2/deployments/{id}/resume")).Is(200);
        (await _scheduler.PostAsync($"/v2/deployments/{id}/promote")).Is(200);
        await UntilPausedAsync(id, "3600 s");
        Assert.NotNull((await _scheduler.GetAsync("/v2/deployments")).Json[0]!["paused"]!["until"]);
        (await _scheduler.PostAsync($"/v2/deployments/{id}/promote?full=true")).Is(200);
        await SettledAsync("/a", 4);

        id = (string)(await _scheduler.PutAsync("/v2/apps/a", """{"cmd":"third"}""")).Is(200).Json["deploymentId"]!;
        await UntilPausedAsync(id, "promote");
        var back = (await _scheduler.PostAsync($"/v2/deployments/{id}/abort")).Is(200);
        Assert.Equal((string?)back.Json["deploymentId"], back.Headers["Marathon-Deployment-Id"]);
        await SettledAsync("/a", 4);
        Assert.Equal("new", (string?)(await _scheduler.GetAsync("/v2/apps/a")).Json["app"]!["cmd"]);

        (await _scheduler.PostAsync($"/v2/deployments/{id}/promote")).Is(404);
        (await _scheduler.PostAsync($"/v2/deployments/{id}/hurry")).Is(404);
        (await _scheduler.GetAsync($"/v2/deployments/{id}/promote")).Is(405);
        (await _scheduler.GetAsync($"/v2/deployments/{id}")).Is(404);
    }

    [Fact]
    public async Task Blue_green_is_one_call_and_is_verified_switched_and_aborted()
    {
        await RunAsync("""{"id":"/a","cmd":"old","instances":2,"cpus":0.1,"portDefinitions":[{"port":10100}]}""");
        var blue = await ServingAsync();
        (await _scheduler.GetAsync("/v2/apps/a/blue-green")).Is(404);
        (await _scheduler.PostAsync("/v2/apps/a/blue-green", """{"instances":3}""")).Is(422).Names("/", "nothing changes");
        (await _scheduler.PostAsync("/v2/apps/a/blue-green", """{"cmd":"new","instances":0}""")).Is(422)
            .Names("/instances", "over zero");
        (await _scheduler.PostAsync("/v2/apps/a/blue-green", """{"cmdd":"new"}""")).Is(422).Names("/cmdd", "cmd");
        (await _scheduler.PostAsync("/v2/apps/a/blue-green?switch=later", """{"cmd":"new"}""")).Is(400);
        (await _scheduler.PostAsync("/v2/apps/a/blue-green?keep=long", """{"cmd":"new"}""")).Is(400);
        (await _scheduler.PostAsync("/v2/apps/none/blue-green", """{"cmd":"new"}""")).Is(404);

        _master.OnLaunch = _ => Protocol.Mesos.TaskState.Staging;
        var id = (string)(await _scheduler.PostAsync("/v2/apps/a/blue-green?switch=manual&keep=1h", """{"cmd":"new"}"""))
            .Is(200).Json["deploymentId"]!;
        await SchedulerUnderTest.UntilAsync(() => _master.Launched.Count == 4);
        var early = (await _scheduler.PostAsync("/v2/apps/a/blue-green/verify")).Is(409).Json;
        Assert.Equal(("starting", "0 of 2 new instances run"), ((string)early["state"]!, (string)early["missing"]![0]!));
        (await _scheduler.PostAsync("/v2/apps/a/blue-green/switch")).Is(409);
        foreach (var task in _master.Tasks.Where(task => task.Info.Command!.Value == "new").ToList())
            _master.Report(task.Info.TaskId.Value, Protocol.Mesos.TaskState.Running);
        await UntilPausedAsync(id, "promoted");
        Assert.Equal("ready", (string?)(await _scheduler.PostAsync("/v2/apps/a/blue-green/verify")).Is(200).Json["state"]);
        Assert.Equal(blue, await ServingAsync());
        Assert.Equal(2, (await _scheduler.GetAsync("/v2/tasks")).Json["tasks"]!.AsArray()
            .Count(task => (bool?)task!["inService"] == false));

        var switched = (await _scheduler.PostAsync("/v2/apps/a/blue-green/switch")).Is(200).Json;
        Assert.Equal(("switched", false, true), ((string)switched["state"]!, (bool)switched["blue"]!["inService"]!,
            (bool)switched["green"]!["inService"]!));
        var green = await ServingAsync();
        Assert.Empty(green.Intersect(blue));
        Assert.Equal(2, green.Count);
        (await _scheduler.PostAsync("/v2/apps/a/blue-green/switch")).Is(409);

        (await _scheduler.PostAsync("/v2/apps/a/blue-green/abort")).Is(200);
        Assert.Equal(blue, await ServingAsync());
        await SettledAsync("/a", 2);
        Assert.Equal(blue, await ServingAsync());
        (await _scheduler.PostAsync("/v2/apps/a/blue-green/abort")).Is(404);

        _master.OnLaunch = _ => Protocol.Mesos.TaskState.Running;
        (await _scheduler.PostAsync("/v2/apps/a/blue-green", """{"cmd":"new"}""")).Is(200);
        await SettledAsync("/a", 2);
        Assert.Empty((await ServingAsync()).Intersect(blue));
    }

    [Fact]
    public async Task An_app_may_be_named_blue_green()
    {
        (await _scheduler.PutAsync("/v2/apps/shop/blue-green", """{"cmd":"x","instances":0}""")).Is(201);
        Assert.Equal("/shop/blue-green", (string?)(await _scheduler.GetAsync("/v2/apps/shop/blue-green"))
            .Is(200).Json["app"]!["id"]);
    }

    private async Task UntilPausedAsync(string id, string words) => await SchedulerUnderTest.UntilAsync(async () =>
        ((string?)(await _scheduler.GetAsync($"/v2/deployments/{id}")).Is(200).Json["paused"]?["message"])
        ?.Contains(words, StringComparison.Ordinal) == true);

    private async Task RunAsync(string app)
    {
        var made = (await _scheduler.PostAsync("/v2/apps", app)).Is(201).Json;
        await SettledAsync((string)made["id"]!, (int)made["instances"]!);
    }

    private Task SettledAsync(string id, int count) => SchedulerUnderTest.UntilAsync(async () =>
        (await _scheduler.GetAsync("/v2/deployments")).Json.AsArray().Count == 0
        && (int)(await _scheduler.GetAsync("/v2/apps" + id)).Json["app"]!["tasksRunning"]! == count);

    private async Task<SortedSet<string>> ServingAsync() => new(
        (await _scheduler.GetAsync("/v2/tasks", ("Accept", "text/plain"))).Is(200).Text.Split('\n')[0]
        .Split('\t', StringSplitOptions.RemoveEmptyEntries).Skip(2),
        StringComparer.Ordinal);
}
