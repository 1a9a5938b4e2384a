namespace LifecycleManager.Scheduler.Tests.Api;

public sealed class LeadershipTests
{
    [Fact]
    public async Task A_scheduler_that_does_not_lead_passes_everything_on_to_the_one_that_does()
    {
        var store = "memory:" + Guid.NewGuid().ToString("N");
        await using var leader = await SchedulerUnderTest.StartAsync(store);
        await using var follower = await SchedulerUnderTest.StartAsync(store, leading: false);
        await SchedulerUnderTest.UntilAsync(() => follower.Service.Snapshot.Leader.Address is not null);

        var made = (await follower.PostAsync("/v2/apps", """{"id":"/a","cmd":"x","instances":0}""")).Is(201);
        Assert.Equal(leader.Url.GetLeftPart(UriPartial.Authority), made.Headers["X-Marathon-Leader"]);
        Assert.NotNull((await leader.GetAsync("/v2/apps/a")).Is(200).Json["app"]);
        (await follower.GetAsync("/v2/apps/nothing")).Is(404);
        (await follower.PutAsync("/v2/apps/a", """{"mem":-1}""")).Is(422).Names("/mem", "between");
        var zipped = (await follower.GetAsync("/v2/apps", ("Accept-Encoding", "gzip"))).Is(200);
        Assert.Equal("gzip", zipped.Headers["Content-Encoding"]);

        var named = (await follower.GetAsync("/v2/leader")).Is(200).Json;
        Assert.Equal(leader.Url.Authority, (string?)named["leader"]);
        Assert.False((bool)(await follower.GetAsync("/v2/info")).Is(200).Json["elected"]!);
        Assert.Equal("pong", (await follower.GetAsync("/ping")).Is(200).Text);
    }

    [Fact]
    public async Task The_leadership_is_given_up_on_request_and_taken_by_the_other()
    {
        var store = "memory:" + Guid.NewGuid().ToString("N");
        await using var leader = await SchedulerUnderTest.StartAsync(store);
        (await leader.PostAsync("/v2/apps", """{"id":"/a","cmd":"x","instances":0}""")).Is(201);
        await using var follower = await SchedulerUnderTest.StartAsync(store, leading: false);
        await SchedulerUnderTest.UntilAsync(() => follower.Service.Snapshot.Leader.Address is not null);

        (await follower.DeleteAsync("/v2/leader")).Is(200);
        await SchedulerUnderTest.UntilAsync(() => follower.Service.Snapshot.Leader.IsLeading);
        (await follower.GetAsync("/v2/apps/a")).Is(200);
        await SchedulerUnderTest.UntilAsync(async () => (await leader.GetAsync("/v2/apps/a")).Status
            == System.Net.HttpStatusCode.OK);
    }

    [Fact]
    public async Task Without_a_leader_everything_is_503_but_a_sign_of_life()
    {
        await using var scheduler = await SchedulerUnderTest.StartAsync();
        (await scheduler.DeleteAsync("/v2/leader")).Is(200);
        await SchedulerUnderTest.UntilAsync(() => !scheduler.Service.Snapshot.Leader.IsLeading);
        var answer = await scheduler.GetAsync("/v2/apps");
        if ((int)answer.Status == 503) Assert.True(answer.Headers.ContainsKey("Retry-After"));
        (await scheduler.GetAsync("/ping")).Is(200);
        await SchedulerUnderTest.UntilAsync(async () => (await scheduler.GetAsync("/v2/apps")).Status
            == System.Net.HttpStatusCode.OK);
    }
}
