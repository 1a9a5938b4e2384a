using System.Text.Json.Nodes;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Scheduler.Tests.Api;

/// <summary>Whose word counts for a count, as clients of the API see it.</summary>
public sealed class CountsTests : IAsyncLifetime
{
    private const string Policy = "policy web";
    private SchedulerUnderTest _scheduler = null!;

    public async ValueTask InitializeAsync()
    {
        _scheduler = await SchedulerUnderTest.StartAsync();
        (await _scheduler.PostAsync("/v2/apps",
            """{"id":"/web","cmd":"sleep 1000","cpus":0.1,"mem":16,"instances":1}""")).Is(201);
        await OwnAsync(2);
    }

    public ValueTask DisposeAsync() => _scheduler.DisposeAsync();

    [Theory]
    [InlineData("PUT", "/v2/apps/web?force=true", """{"instances":4}""")]
    [InlineData("PUT", "/v2/apps/web?force=true", """{"id":"/web","instances":4}""")]
    [InlineData("PATCH", "/v2/apps/web?force=true", """{"instances":4}""")]
    [InlineData("PUT", "/v2/apps?force=true", """[{"id":"/web","instances":4}]""")]
    [InlineData("PATCH", "/v2/apps?force=true", """[{"id":"/web","instances":4}]""")]
    [InlineData("PUT", "/v2/groups?force=true", """{"scaleBy":2}""")]
    public async Task Nothing_but_a_count_is_an_order_and_is_taken(string method, string path, string body)
    {
        var answer = (await _scheduler.SendAsync(method, path, body)).Is(200);

        Assert.Equal("/web has 4 instances until policy web, which owns its count, decides otherwise", Message(answer));
        await IsAsync(4, Policy, suspended: false);
    }

    [Theory]
    [InlineData("/v2/apps/web?force=true", """{"cmd":"sleep 2000","instances":4}""")]
    [InlineData("/v2/apps/web?force=true&partialUpdate=false", """{"cmd":"sleep 1000","cpus":0.1,"mem":16,"instances":4}""")]
    [InlineData("/v2/apps?force=true", """[{"id":"/web","cmd":"sleep 1000","instances":4}]""")]
    public async Task A_definition_that_is_sent_again_keeps_the_policys_count_and_is_told_so(string path, string body)
    {
        var answer = (await _scheduler.PutAsync(path, body)).Is(200);

        Assert.Equal(
            "/web keeps 2 instances in place of 4, since policy web owns its count; a body with instances alone sets it",
            Message(answer));
        await IsAsync(2, Policy, suspended: false);
    }

    [Fact]
    public async Task An_order_of_0_suspends_until_a_person_asks_for_more_and_no_policy_does()
    {
        Assert.Equal(
            "/web is suspended: policy web owns its count, and leaves it at 0 until more instances are asked for",
            Message((await _scheduler.PutAsync("/v2/apps/web?force=true", """{"instances":0}""")).Is(200)));
        await IsAsync(0, Policy, suspended: true);

        var refused = await OwnAsync(2, 422);
        Assert.Contains("/web was suspended at 0 instances by hand", refused, StringComparison.Ordinal);
        (await _scheduler.PutAsync("/v2/apps/web?force=true", """{"cmd":"sleep 1","instances":3}""")).Is(200);
        await IsAsync(0, Policy, suspended: true);

        (await _scheduler.PutAsync("/v2/apps/web?force=true", """{"instances":3}""")).Is(200);
        await IsAsync(3, Policy, suspended: false);
        await OwnAsync(2);
        await IsAsync(2, Policy, suspended: false);
    }

    [Fact]
    public async Task An_order_of_0_suspends_also_what_no_policy_has_scaled_yet_and_whoever_owns_no_count_gives_it_any()
    {
        await ReleaseAsync();
        Assert.Null(Message((await _scheduler.PutAsync("/v2/apps/web?force=true", """{"instances":0}""")).Is(200)));
        await IsAsync(0, null, suspended: true);
        await OwnAsync(5, 422);
        (await _scheduler.PutAsync("/v2/apps/web?force=true", """{"cmd":"sleep 1","instances":3}""")).Is(200);
        await IsAsync(3, null, suspended: false);
    }

    [Fact]
    public async Task A_count_of_0_that_a_policy_has_set_is_no_suspension()
    {
        await OwnAsync(0);
        await IsAsync(0, Policy, suspended: false);
        await OwnAsync(1);
    }

    [Fact]
    public async Task A_count_is_given_back_without_a_change_of_the_app()
    {
        var before = (string?)(await AppAsync())["version"];

        // Also while a deployment holds the app: nothing is deployed.
        await ReleaseAsync();

        await IsAsync(2, null, suspended: false);
        Assert.Equal(before, (string?)(await AppAsync())["version"]);
        var taken = (await _scheduler.PutAsync("/v2/apps/web?force=true", """{"cmd":"sleep 1","instances":4}""")).Is(200);
        Assert.Null(Message(taken));
        await IsAsync(4, null, suspended: false);
    }

    [Fact]
    public async Task What_answers_show_of_ownership_can_be_sent_back()
    {
        (await _scheduler.PutAsync("/v2/apps/web?force=true", """{"instances":0}""")).Is(200);
        (await _scheduler.PutAsync("/v2/apps/web?force=true", (await AppAsync("version")).ToJsonString())).Is(200);
        await IsAsync(0, Policy, suspended: true);
    }

    private async Task IsAsync(int instances, string? owner, bool suspended)
    {
        var app = await AppAsync();
        Assert.Equal((instances, owner, suspended),
            ((int)app["instances"]!, (string?)app["countOwner"], (bool?)app["countSuspended"] ?? false));
    }

    private async Task<JsonObject> AppAsync(params string[] without)
    {
        var app = (await _scheduler.GetAsync("/v2/apps/web")).Is(200).Json["app"]!.AsObject();
        foreach (var field in without) app.Remove(field);
        return app;
    }

    private async Task<string> OwnAsync(int count, int status = 200) =>
        (await _scheduler.SendAsync("PUT", "/v2/apps/web?force=true", $$"""{"instances":{{count}}}""",
            (IMarathonApi.CountOwnerHeader, Policy))).Is(status).Json.ToJsonString();

    private async Task ReleaseAsync() => (await _scheduler.SendAsync("PUT", "/v2/apps/web", "{}",
        (IMarathonApi.CountOwnerHeader, "none"))).Is(200);

    private static string? Message(ApiReply answer) => (string?)answer.Json["message"];
}
