namespace LifecycleManager.Scheduler.Tests.Api;

public sealed class GroupsTests : IAsyncLifetime
{
    private const string Shop = """
        {
          "id": "shop",
          "apps": [{"id": "web", "cmd": "w", "instances": 0, "dependencies": ["data/db"]}],
          "groups": [{"id": "data", "apps": [{"id": "db", "cmd": "d", "instances": 0}, {"id": "/shop/data/cache", "cmd": "c", "instances": 0}]}]
        }
        """;

    private SchedulerUnderTest _scheduler = null!;

    public async ValueTask InitializeAsync() => _scheduler = await SchedulerUnderTest.StartAsync();

    public ValueTask DisposeAsync() => _scheduler.DisposeAsync();

    [Fact]
    public async Task A_group_is_made_with_its_groups_and_relative_ids()
    {
        var made = (await _scheduler.PostAsync("/v2/groups", Shop)).Is(201);
        Assert.Equal("/v2/groups/shop", made.Headers["Location"]);
        Assert.Equal(["/shop/data/cache", "/shop/data/db", "/shop/web"], await AppsAsync("/v2/apps"));
        Assert.Equal("/shop/data/db", (string?)(await _scheduler.GetAsync("/v2/apps/shop/web")).Json["app"]!["dependencies"]![0]);

        var group = (await _scheduler.GetAsync("/v2/groups/shop")).Is(200).Json;
        Assert.Equal("/shop", (string?)group["id"]);
        Assert.Equal("/shop/data", (string?)group["groups"]![0]!["id"]);
        Assert.Equal("/shop", (string?)(await _scheduler.GetAsync("/v2/groups")).Json["groups"]![0]!["id"]);
        Assert.Null((await _scheduler.GetAsync("/v2/groups/shop?embed=group.groups")).Json["apps"]);
        Assert.Equal(["/shop/data/cache", "/shop/data/db"], await AppsAsync("/v2/groups/shop/data/apps"));
        (await _scheduler.PostAsync("/v2/groups", Shop)).Is(409);
    }

    [Fact]
    public async Task A_put_replaces_what_it_names_and_leaves_the_rest()
    {
        (await _scheduler.PostAsync("/v2/groups", Shop)).Is(201);
        (await _scheduler.PutAsync("/v2/groups/shop", """{"apps":[{"id":"api","cmd":"a","instances":0}]}""")).Is(200);
        Assert.Equal(["/shop/api", "/shop/data/cache", "/shop/data/db"], await AppsAsync("/v2/apps"));
        (await _scheduler.PutAsync("/v2/groups/shop/data", """{"apps":[]}""")).Is(200);
        Assert.Equal(["/shop/api"], await AppsAsync("/v2/apps"));
    }

    [Fact]
    public async Task A_dry_run_shows_the_steps_and_changes_nothing()
    {
        (await _scheduler.PostAsync("/v2/groups", Shop)).Is(201);
        var plan = (await _scheduler.PutAsync("/v2/groups/shop?dryRun=true", """{"apps":[{"id":"api","cmd":"a"}]}"""))
            .Is(200).Json;
        var actions = plan["steps"]!.AsArray().SelectMany(step => step!["actions"]!.AsArray())
            .Select(action => $"{action!["action"]} {action["app"]}");
        Assert.Equal(["StopApplication /shop/web", "StartApplication /shop/api", "ScaleApplication /shop/api"], actions);
        Assert.Contains("/shop/web", await AppsAsync("/v2/apps"));
    }

    [Fact]
    public async Task A_group_is_scaled_by_a_factor()
    {
        (await _scheduler.PutAsync("/v2/groups/g",
            """{"apps":[{"id":"a","cmd":"x","instances":2},{"id":"b","cmd":"x","instances":3}]}""")).Is(200);
        (await _scheduler.PutAsync("/v2/groups/g?force=true", """{"scaleBy":1.5}""")).Is(200);
        var apps = (await _scheduler.GetAsync("/v2/apps")).Json["apps"]!.AsArray();
        Assert.Equal([3, 5], apps.Select(app => (int)app!["instances"]!));
        (await _scheduler.PutAsync("/v2/groups/g?force=true", """{"scaleBy":-1}""")).Is(422).Names("/scaleBy", "between");
        (await _scheduler.PutAsync("/v2/groups/none?force=true", """{"scaleBy":2}""")).Is(422).Names("/id", "does not exist");
    }

    [Fact]
    public async Task A_group_goes_back_to_a_version()
    {
        var made = (await _scheduler.PostAsync("/v2/groups", Shop)).Is(201);
        var version = (string)made.Json["version"]!;
        (await _scheduler.DeleteAsync("/v2/groups/shop/data")).Is(200);
        Assert.Equal(["/shop/web"], await AppsAsync("/v2/apps"));

        var versions = (await _scheduler.GetAsync("/v2/groups/shop/versions")).Is(200).Json.AsArray();
        Assert.Contains(version, versions.Select(item => (string)item!));
        var old = (await _scheduler.GetAsync($"/v2/groups/shop/versions/{version}")).Is(200).Json;
        Assert.Equal("/shop/data", (string?)old["groups"]![0]!["id"]);
        (await _scheduler.PutAsync("/v2/groups/shop?force=true", $$"""{"version":"{{version}}"}""")).Is(200);
        Assert.Equal(["/shop/data/cache", "/shop/data/db", "/shop/web"], await AppsAsync("/v2/apps"));
    }

    [Fact]
    public async Task A_deleted_group_takes_its_apps_with_it()
    {
        (await _scheduler.PostAsync("/v2/groups", Shop)).Is(201);
        (await _scheduler.DeleteAsync("/v2/groups/shop")).Is(200);
        Assert.Empty(await AppsAsync("/v2/apps"));
        (await _scheduler.GetAsync("/v2/groups/shop")).Is(404);
        (await _scheduler.DeleteAsync("/v2/groups/shop")).Is(404);
    }

    [Fact]
    public async Task What_is_wrong_in_a_group_is_named_with_its_path()
    {
        var answer = (await _scheduler.PostAsync("/v2/groups", """
            {"id":"/g","apps":[{"id":"a","cmd":"x","mem":-1},{"id":"/elsewhere/a","cmd":"x"}],"groups":[{"id":"h","apps":[{"id":"b"}]},{}]}
            """)).Is(422);
        answer.Names("/apps(0)/mem", "between");
        answer.Names("/apps(1)/id", "not in the group /g");
        answer.Names("/groups(0)/apps(0)/", "cmd");
        answer.Names("/groups(1)/id", "must not be empty");
        (await _scheduler.PostAsync("/v2/groups", """{"id":"/g","apps":[{"id":"a","cmd":"x"},{"id":"a","cmd":"y"}]}""")).Is(422)
            .Names("/apps", "twice");
        (await _scheduler.PostAsync("/v2/groups", """{"id":"/g","pods":[{"id":"p"}]}""")).Is(422)
            .Names("/pods(0)/containers", "1 to 100");
    }

    private async Task<List<string>> AppsAsync(string path) =>
        [.. (await _scheduler.GetAsync(path)).Is(200).Json["apps"]!.AsArray().Select(app => (string)app!["id"]!)];
}
