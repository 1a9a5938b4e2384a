using System.Net;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Cluster;

public sealed class LimitsTests
{
    [Fact]
    public void The_oldest_are_forgotten_first_and_what_is_put_again_is_the_newest()
    {
        var log = new BoundedLog<int, string>();
        log.Put(1, "a", 2);
        log.Put(2, "b", 2);
        log.Put(1, "c", 2);
        Assert.Equal([2], log.Put(3, "d", 2));
        Assert.Equal(["c", "d"], log.Values);
    }

    [Fact]
    public void A_permit_is_free_again_when_its_window_has_passed()
    {
        var start = TimeSpan.FromDays(1);
        var limiter = new RateLimiter(2, TimeSpan.FromMinutes(10));
        Assert.True(limiter.TryTake(start));
        Assert.True(limiter.TryTake(start + TimeSpan.FromMinutes(4)));
        Assert.False(limiter.TryTake(start + TimeSpan.FromMinutes(9)));
        Assert.True(limiter.TryTake(start + TimeSpan.FromMinutes(10)));
        Assert.False(limiter.TryTake(start + TimeSpan.FromMinutes(13)));
    }

    [Fact]
    public async Task Agents_frameworks_and_operators_are_bounded_and_those_who_were_there_stay()
    {
        await using var master = await MasterUnderTest.StartAsync(new MasterOptions { MaxAgents = 1, MaxSubscribers = 1 });
        await using var agent = await master.RegisteredAgentAsync();
        await using var second = master.Agent(host: "127.0.0.3");
        var refused = await second.RegisterAsync();
        Assert.Equal(AgentEventType.Error, refused.Type);
        Assert.Contains("1 agents are registered already", refused.Reason, StringComparison.Ordinal);

        await using var framework = await master.FrameworkAsync();
        await using var other = await master.FrameworkAsync();
        Assert.Contains("1 frameworks are subscribed already",
            Assert.Single(other.Events, e => e.Type == EventType.Error).Error!.Message, StringComparison.Ordinal);
        using var operated = await SubscribeAsync();
        Assert.Equal(HttpStatusCode.OK, operated.StatusCode);
        using var tooMany = await SubscribeAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, tooMany.StatusCode);
        Assert.True(agent.IsConnected && framework.IsConnected);
        await framework.OfferAsync();

        async Task<HttpResponseMessage> SubscribeAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1")
            {
                Content = new StringContent("""{"type": "SUBSCRIBE"}""", System.Text.Encoding.UTF8, "application/json"),
            };
            return await master.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        }
    }

    [Fact]
    public async Task Agents_are_removed_no_faster_than_the_limit_and_those_that_wait_may_still_return()
    {
        await using var master = await MasterUnderTest.StartAsync(new MasterOptions
        {
            AgentPingInterval = TimeSpan.FromMilliseconds(100),
            MaxAgentPings = 2,
            AgentRemovalLimit = 1,
            AgentRemovalWindow = TimeSpan.FromHours(1),
        });
        await using var framework = await master.FrameworkAsync();
        var agents = new List<SimulatedAgent>();
        for (var i = 0; i < 3; i++) agents.Add(await master.RegisteredAgentAsync(host: $"127.0.0.{i + 2}"));
        foreach (var agent in agents) agent.AnswersPings = false;
        await framework.WaitAsync(() => framework.Events.Any(e => e.Type == EventType.Failure));

        // Those that are left have been silent for much longer than the one that is given up.
        foreach (var agent in agents)
        {
            await framework.WaitAsync(() => agent.Connection.IsCompleted
                || agent.Events.Count(e => e.Type == AgentEventType.Ping) >= 10);
        }

        Assert.Single(framework.Events, e => e.Type == EventType.Failure);
        Assert.Equal(2, (await master.GetAsync("/slaves")).GetProperty("slaves").GetArrayLength());
        foreach (var agent in agents) await agent.DisposeAsync();
    }
}
