using System.Net;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Api;

public sealed class LaunchTests
{
    [Fact]
    public async Task A_task_goes_from_offer_to_running_to_killed_and_its_resources_return()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync(cpus: 4);
        await using var framework = await master.FrameworkAsync();

        var offer = await framework.OfferAsync(4);
        Assert.Equal(agent.Id, offer.AgentId);
        Assert.Equal("r1", offer.Attributes!.Single().Text!.Value);
        var answer = await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t1", cpus: 1.5));
        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Running);

        // A launch with no refusal: the rest is offered at once, less what the task uses.
        var rest = await framework.OfferAsync();
        Assert.Equal(2.5, TestFramework.Cpus(rest), 6);
        await framework.DeclineAsync(rest, 3600);
        await framework.CallAsync(new SchedulerCall { Type = CallType.Kill, Kill = new KillCall(new TaskId("t1")) });
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Killed);

        // More than was refused: the refusal does not hold it.
        Assert.Equal(4, TestFramework.Cpus(await framework.OfferAsync(4)), 6);
        await framework.WaitAsync(() => agent.Tasks.Count == 0);
        await master.VerifyAsync();
        var state = await master.GetAsync("/frameworks");
        var completed = state.GetProperty("frameworks")[0].GetProperty("completed_tasks")[0];
        Assert.Equal("TASK_KILLED", completed.GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_task_that_is_not_valid_is_an_error_with_its_reason_and_the_others_run()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync(cpus: 2);
        await using var framework = await master.FrameworkAsync();
        var offer = await framework.OfferAsync(2);

        await framework.LaunchAsync(
            offer,
            TestFramework.Sleep(offer, "good", cpus: 1),
            TestFramework.Sleep(offer, "greedy", cpus: 1.001),
            TestFramework.Sleep(offer, "good", cpus: 0.1),
            TestFramework.Sleep(offer, "elsewhere") with { AgentId = new AgentId("other") },
            TestFramework.Sleep(offer, "nothing") with { Command = null },
            TestFramework.Sleep(offer, "negative", cpus: -1),
            TestFramework.Sleep(offer, "a/b"),
            TestFramework.Sleep(offer, "exact", cpus: 1));

        await framework.WaitAsync(() => framework.StateOf("exact") == TaskState.Running && framework.Updates("good")
            .Count() == 2);
        Assert.Contains("more than available", Error("greedy"), StringComparison.Ordinal);
        Assert.Contains("duplicate ID", Error("good"), StringComparison.Ordinal);
        Assert.Contains("invalid agent", Error("elsewhere"), StringComparison.Ordinal);
        Assert.Contains("CommandInfo or ExecutorInfo", Error("nothing"), StringComparison.Ordinal);
        Assert.Contains("cpus", Error("negative"), StringComparison.Ordinal);
        Assert.Contains("invalid", Error("a/b"), StringComparison.Ordinal);
        await master.VerifyAsync();

        string Error(string task) => framework.Updates(task).First(status => status.State == TaskState.Error).Message!;
    }

    [Fact]
    public async Task An_offer_is_used_once()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync();
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "first"));
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "second"));

        await framework.WaitAsync(() => framework.StateOf("second") is not null
            && framework.StateOf("first") == TaskState.Running);
        var dropped = framework.Updates("second").Single();
        Assert.Equal((TaskState.Dropped, StatusReason.InvalidOffers), (dropped.State, dropped.Reason!.Value));
        Assert.Null(dropped.Uuid);
        await master.VerifyAsync();
    }

    [Fact]
    public async Task Statuses_come_in_order_and_are_repeated_until_acknowledged()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync();
        framework.Acknowledges = false;
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t1"));
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Running);
        await agent.ReportAsync(new TaskId("t1"), TaskState.Finished);
        await agent.RepeatAsync();
        await framework.WaitAsync(() => framework.Updates("t1").Count() == 2);

        // The agent may only send the next when the first is acknowledged; what the task uses is free already.
        Assert.All(framework.Updates("t1"), status => Assert.Equal(TaskState.Running, status.State));
        Assert.Equal(4, (await master.GetAsync("/slaves")).GetProperty("slaves")[0].GetProperty("resources").GetProperty("cpus")
            .GetDouble());
        Assert.Equal(0, (await master.GetAsync("/slaves")).GetProperty("slaves")[0].GetProperty("used_resources")
            .GetProperty("cpus").GetDouble());

        framework.Acknowledges = true;
        await agent.RepeatAsync();
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Finished);
        await framework.WaitAsync(() => agent.Tasks.Count == 0);
        await master.VerifyAsync();
    }

    [Fact]
    public async Task Revive_brings_offers_at_once_and_suppress_ends_them()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync();
        await framework.DeclineAsync(await framework.OfferAsync(), 3600);
        await framework.CallAsync(new SchedulerCall { Type = CallType.Revive });
        var offer = await framework.OfferAsync();

        await framework.CallAsync(new SchedulerCall { Type = CallType.Suppress });
        await framework.DeclineAsync(offer, 0);
        await using var second = await master.RegisteredAgentAsync(host: "127.0.0.3");
        await using var other = await master.FrameworkAsync(TestFramework.PartitionAware("other"));
        await other.WaitAsync(() => other.Offers.Count == 2);
        Assert.Empty(framework.Offers);
    }

    [Fact]
    public async Task Kill_reaches_an_agent_that_was_away()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync();
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t1"));
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Running);
        await agent.DisconnectAsync();
        await framework.CallAsync(new SchedulerCall { Type = CallType.Kill, Kill = new KillCall(new TaskId("t1"), agent.Id) });

        await agent.RegisterAsync();
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Killed);
        Assert.Contains(agent.Events, e => e.Type == AgentEventType.Kill);
        await master.VerifyAsync();
    }
}
