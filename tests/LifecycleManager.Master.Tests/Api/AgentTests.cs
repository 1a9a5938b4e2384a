using System.Net;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Api;

public sealed class AgentTests
{
    private static readonly MasterOptions Quick = new() { AgentPingInterval = TimeSpan.FromMilliseconds(200), MaxAgentPings = 5 };

    [Fact]
    public async Task An_agent_that_does_not_answer_is_unreachable_and_its_tasks_return_with_it()
    {
        await using var master = await MasterUnderTest.StartAsync(Quick);
        await using var agent = await master.RegisteredAgentAsync();
        await using var aware = await master.FrameworkAsync();
        var offer = await aware.OfferAsync();
        await aware.LaunchAsync(offer, TestFramework.Sleep(offer, "t1"));
        await aware.WaitAsync(() => aware.StateOf("t1") == TaskState.Running);
        agent.AnswersPings = false;

        await aware.WaitAsync(() => aware.StateOf("t1") == TaskState.Unreachable);
        var status = aware.Updates("t1").Last();
        Assert.Equal((StatusReason.AgentRemoved, StatusSource.Master), (status.Reason!.Value, status.Source!.Value));
        await aware.WaitAsync(() => aware.Events.Any(e => e.Failure?.AgentId == agent.Id));
        await aware.WaitAsync(() => !agent.IsConnected);
        Assert.Empty((await master.GetAsync("/slaves")).GetProperty("slaves").EnumerateArray());
        Assert.Equal(1, (await master.GetAsync("/state")).GetProperty("unreachable_slaves").GetInt32());

        // Its id is taken: it may still run.
        await using var second = await master.RegisteredAgentAsync(host: "127.0.0.3");
        var other = await aware.OfferAsync();
        await aware.LaunchAsync(other, TestFramework.Sleep(other, "t1"));
        await aware.WaitAsync(() => aware.StateOf("t1") == TaskState.Error);

        agent.AnswersPings = true;
        await agent.RegisterAsync();
        await aware.WaitAsync(() => aware.StateOf("t1") == TaskState.Running);
        status = aware.Updates("t1").Last();
        Assert.Equal((StatusReason.AgentReregistered, StatusSource.Master), (status.Reason!.Value, status.Source!.Value));
        Assert.Null(status.Uuid);
        await master.VerifyAsync();
    }

    [Fact]
    public async Task A_kill_of_an_unreachable_task_is_sent_when_its_agent_is_back()
    {
        await using var master = await MasterUnderTest.StartAsync(Quick);
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync();
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t1"));
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Running);
        agent.AnswersPings = false;
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Unreachable);

        await framework.CallAsync(new SchedulerCall { Type = CallType.Kill, Kill = new KillCall(new TaskId("t1"), agent.Id) });
        agent.AnswersPings = true;
        await agent.RegisterAsync();

        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Killed);
        await master.VerifyAsync();
    }

    [Fact]
    public async Task An_agents_own_address_is_told_apart_from_where_its_tasks_are()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = master.Agent(host: "tasks.example.com");
        agent.Advertises = new Uri("https://api.example.com:7051");
        await agent.RegisterAsync();
        await using var framework = await master.FrameworkAsync();

        var offer = await framework.OfferAsync();
        Assert.Equal("tasks.example.com", offer.Hostname);
        Assert.Equal(("https", "api.example.com", 7051),
            (offer.Url!.Scheme, offer.Url.Address.Hostname, offer.Url.Address.Port));
        foreach (var path in (string[])["/slaves", "/state"])
        {
            var slave = (await master.GetAsync(path)).GetProperty("slaves")[0];
            Assert.Equal("slave(1)@api.example.com:7051", slave.GetProperty("pid").GetString());
            Assert.Equal("tasks.example.com", slave.GetProperty("hostname").GetString());
        }

        var agents = await master.OperateAsync("""{"type": "GET_AGENTS"}""");
        Assert.Equal("slave(1)@api.example.com:7051",
            agents.GetProperty("get_agents").GetProperty("agents")[0].GetProperty("pid").GetString());

        agent.Advertises = new Uri("ftp://api.example.com");
        Assert.Contains("register.address", (await Assert.ThrowsAsync<HttpRequestException>(agent.RegisterAsync)).Message);
    }

    [Fact]
    public async Task An_agent_that_answers_stays()
    {
        await using var master = await MasterUnderTest.StartAsync(Quick);
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync();
        await framework.WaitAsync(() => agent.Events.Count(e => e.Type == AgentEventType.Ping) > 5);
        Assert.True(agent.IsConnected);
    }

    [Fact]
    public async Task A_disconnected_agent_is_not_offered_and_its_offers_are_rescinded()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync();
        await framework.WaitAsync(() => framework.Offers.Count == 1);
        await agent.DisconnectAsync();
        await framework.WaitAsync(() => framework.Offers.Count == 0);
        Assert.Contains(framework.Events, e => e.Type == EventType.Rescind);
        await framework.CallAsync(new SchedulerCall { Type = CallType.Revive });
        await master.VerifyAsync();
        Assert.Empty(framework.Offers);

        await agent.RegisterAsync();
        await framework.WaitAsync(() => framework.Offers.Count == 1);
    }

    [Fact]
    public async Task A_task_that_never_reached_its_agent_is_dropped_when_the_agent_returns()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync(onRun: _ => null);
        await using var framework = await master.FrameworkAsync();
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t1"));
        await framework.WaitAsync(() => agent.Tasks.Count == 1);
        agent.Forget(new TaskId("t1"));
        await agent.DisconnectAsync();
        await agent.RegisterAsync();
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Dropped);
        Assert.Equal(4, TestFramework.Cpus(await framework.OfferAsync(4)), 6);
        await master.VerifyAsync();
    }

    [Fact]
    public async Task A_launch_that_arrives_after_it_was_given_up_is_ended()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync(onRun: _ => null);
        await using var framework = await master.FrameworkAsync();
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t1"));
        await framework.WaitAsync(() => agent.Tasks.Count == 1);
        var late = agent.Tasks.Single();
        agent.Forget(new TaskId("t1"));
        await agent.DisconnectAsync();
        await agent.RegisterAsync();
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Dropped);

        // The agent had it in a queue of its own all the while.
        agent.Adopt(late);
        await agent.ReportAsync(new TaskId("t1"), TaskState.Running);
        await framework.WaitAsync(() => agent.Events.Any(e => e.Type == AgentEventType.Kill));
        await framework.WaitAsync(() => agent.Tasks.Count == 0);
        Assert.DoesNotContain(framework.Updates("t1"), status => status.State == TaskState.Running);
        await master.VerifyAsync();
    }

    [Fact]
    public async Task A_second_task_of_one_id_is_ended_and_the_first_runs_on()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync();
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t1"));
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Running);

        // As after a master that forgot the first: another agent comes with the same id.
        await using var other = new SimulatedAgent(master.Client,
            MasterUnderTest.Info(4, 1024, "127.0.0.3") with { Id = new AgentId("old-S1") });
        other.Adopt(new SimulatedTask(framework.Info, TestFramework.Sleep(offer, "t1") with { AgentId = new AgentId("old-S1") })
        {
            Latest = new TaskStatusInfo { TaskId = new TaskId("t1"), State = TaskState.Running },
        });
        await other.RegisterAsync();
        await framework.WaitAsync(() => other.Tasks.Count == 0);
        Assert.Single(agent.Tasks);
        Assert.Equal(TaskState.Running, framework.StateOf("t1"));
        Assert.DoesNotContain(framework.Updates("t1"), status => status.State == TaskState.Killed);
        await master.VerifyAsync();
    }

    [Fact]
    public async Task Calls_on_an_old_stream_are_forbidden_and_wrong_ones_are_named()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var again = new SimulatedAgent(master.Client, agent.Info);
        await again.RegisterAsync();
        Assert.Equal(HttpStatusCode.Forbidden, await agent.CallAsync(new AgentCall { Type = AgentCallType.Pong }));
        Assert.Equal(HttpStatusCode.Accepted, await again.CallAsync(new AgentCall { Type = AgentCallType.Pong }));
        Assert.Equal(HttpStatusCode.BadRequest, await again.CallAsync(new AgentCall { Type = AgentCallType.Update }));

        await using var wrong = new SimulatedAgent(master.Client,
            agent.Info with { Resources = [Resource.OfScalar("cpus", -1)] });
        var refused = await wrong.RegisterAsync();
        Assert.Equal(AgentEventType.Error, refused.Type);
        Assert.Contains("cpus", refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_that_leaves_for_good_ends_its_tasks_and_its_id()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync();
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t1"));
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Running);
        await agent.CallAsync(new AgentCall { Type = AgentCallType.Unregister });
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Gone);
        Assert.Equal(AgentEventType.Shutdown, (await agent.RegisterAsync()).Type);
        await master.VerifyAsync();
    }
}
