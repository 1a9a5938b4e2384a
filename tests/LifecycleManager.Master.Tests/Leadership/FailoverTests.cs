using System.Net;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Leadership;

public sealed class FailoverTests
{
    [Fact]
    public async Task A_new_master_gets_agents_frameworks_and_tasks_back_without_loss_or_double()
    {
        var store = Guid.NewGuid().ToString("N");
        var first = await MasterUnderTest.StartAsync(store: store);
        await first.LeadsAsync();
        await using var keep = await MasterUnderTest.StartAsync(store: store);
        await using var agent = await first.RegisteredAgentAsync();
        await using var framework = await first.FrameworkAsync();
        await LaunchTwoAsync(framework);
        var (agentId, frameworkId) = (agent.Id, framework.Id);
        await first.DisposeAsync();
        await keep.LeadsAsync();

        // The framework returns before the agent: what is not known yet is not answered.
        await using var again = await keep.FrameworkAsync(framework.Info);
        Assert.Equal(frameworkId, again.Id);
        await again.CallAsync(new SchedulerCall
        {
            Type = CallType.Reconcile,
            Reconcile = new ReconcileCall([new(new TaskId("t1"), agentId), new(new TaskId("t9"))]),
        });
        var returned = new SimulatedAgent(keep.Client, agent.Info);
        await using var _ = returned;
        foreach (var task in agent.Tasks) returned.Adopt(task);
        await returned.RegisterAsync();
        Assert.Equal(agentId, returned.Id);
        Assert.DoesNotContain(again.Events, e => e.Update?.Status.Reason == StatusReason.Reconciliation);
        await again.CallAsync(new SchedulerCall { Type = CallType.Reconcile, Reconcile = new ReconcileCall() });
        await again.WaitAsync(() => again.StateOf("t1") == TaskState.Running && again.StateOf("t2") == TaskState.Running);
        Assert.Equal(3, TestFramework.Cpus(await again.OfferAsync()), 6);
        await keep.VerifyAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_kill_of_what_a_new_master_does_not_know_yet_reaches_its_agent_when_that_is_back(bool isAgentNamed)
    {
        var store = Guid.NewGuid().ToString("N");
        var first = await MasterUnderTest.StartAsync(store: store);
        await first.LeadsAsync();
        await using var keep = await MasterUnderTest.StartAsync(store: store);
        await using var agent = await first.RegisteredAgentAsync();
        await using var framework = await first.FrameworkAsync();
        await LaunchTwoAsync(framework);
        await first.DisposeAsync();
        await keep.LeadsAsync();
        await using var again = await keep.FrameworkAsync(framework.Info);
        var kill = new KillCall(new TaskId("t1"), isAgentNamed ? agent.Id : null);
        await again.CallAsync(new SchedulerCall { Type = CallType.Kill, Kill = kill });

        await using var returned = new SimulatedAgent(keep.Client, agent.Info);
        foreach (var task in agent.Tasks) returned.Adopt(task);
        await returned.RegisterAsync();

        await again.WaitAsync(() => again.StateOf("t1") == TaskState.Killed);
        Assert.Single(returned.Events, e => e.Type == AgentEventType.Kill);
        await keep.VerifyAsync();
    }

    [Fact]
    public async Task A_master_that_does_not_lead_sends_callers_to_the_leader()
    {
        var store = Guid.NewGuid().ToString("N");
        await using var leader = await MasterUnderTest.StartAsync(store: store);
        await leader.LeadsAsync();
        await using var standby = await MasterUnderTest.StartAsync(store: store);
        using var plain =
            new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = standby.Options.Address };
        using var content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json");

        using var call = await plain.PostAsync("/api/v1/scheduler?x=1", content);
        Assert.Equal(HttpStatusCode.TemporaryRedirect, call.StatusCode);
        Assert.Equal(new Uri(leader.Options.Address, "/api/v1/scheduler?x=1"), call.Headers.Location);
        using var state = await plain.GetAsync("/state");
        Assert.Equal(new Uri(leader.Options.Address, "/state"), state.Headers.Location);
        using var redirect = await plain.GetAsync("/redirect");
        Assert.Equal(leader.Options.Address, redirect.Headers.Location);
        Assert.Equal(HttpStatusCode.OK, (await plain.GetAsync("/health")).StatusCode);
        var metrics = await plain.GetStringAsync("/metrics");
        Assert.Contains("lcm_master_leader 0", metrics, StringComparison.Ordinal);

        // The cluster is shown by the leader alone.
        Assert.DoesNotContain("lcm_master_agents{", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("lcm_master_resources{", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("\nlcm_master_pending_events ", metrics, StringComparison.Ordinal);
        Assert.Contains("lcm_master_agents{", await leader.Client.GetStringAsync("/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agents_that_do_not_return_to_a_new_master_are_unreachable_and_may_still_come_back()
    {
        var store = Guid.NewGuid().ToString("N");
        var options = new MasterOptions { AgentReregisterTimeout = TimeSpan.FromSeconds(1) };
        var first = await MasterUnderTest.StartAsync(options, store: store);
        await first.LeadsAsync();
        await using var keep = await MasterUnderTest.StartAsync(options, store: store);
        await using var agent = await first.RegisteredAgentAsync();
        await using var framework = await first.FrameworkAsync();
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t1"));
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Running);
        await first.DisposeAsync();
        await keep.LeadsAsync();
        await using var again = await keep.FrameworkAsync(framework.Info);
        await again.WaitAsync(() => again.Events.Any(e => e.Failure?.AgentId == agent.Id));
        await again.CallAsync(new SchedulerCall
        {
            Type = CallType.Reconcile,
            Reconcile = new ReconcileCall([new(new TaskId("t1"), agent.Id)]),
        });
        await again.WaitAsync(() => again.StateOf("t1") == TaskState.Unreachable);
        Assert.NotNull(again.Updates("t1").Single().UnreachableTime);

        await using var returned = new SimulatedAgent(keep.Client, agent.Info);
        foreach (var task in agent.Tasks) returned.Adopt(task);
        Assert.Equal(AgentEventType.Registered, (await returned.RegisterAsync()).Type);
        await again.CallAsync(new SchedulerCall { Type = CallType.Reconcile, Reconcile = new ReconcileCall() });
        await again.WaitAsync(() => again.StateOf("t1") == TaskState.Running);
        await keep.VerifyAsync();
    }

    private static async Task LaunchTwoAsync(TestFramework framework)
    {
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t1"), TestFramework.Sleep(offer, "t2"));
        await framework.WaitAsync(() => framework.StateOf("t2") == TaskState.Running
            && framework.StateOf("t1") == TaskState.Running);
    }
}
