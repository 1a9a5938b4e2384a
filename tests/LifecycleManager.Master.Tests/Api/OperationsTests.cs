using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Api;

public sealed class OperationsTests
{
    [Fact]
    public async Task A_group_is_launched_whole_or_not_at_all()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync(cpus: 4);
        await using var framework = await master.FrameworkAsync();
        var offer = await framework.OfferAsync();
        await framework.AcceptAsync(
            [offer], 0,
            Group("bad", TestFramework.Sleep(offer, "b1", 1), TestFramework.Sleep(offer, "b2", 3)),
            Group("good", TestFramework.Sleep(offer, "g1", 1), TestFramework.Sleep(offer, "g2", 1)));

        await framework.WaitAsync(() => framework.StateOf("g1") == TaskState.Running
            && framework.StateOf("g2") == TaskState.Running);
        foreach (var task in new[] { "b1", "b2" })
        {
            var status = framework.Updates(task).Single();
            Assert.Equal((TaskState.Error, StatusReason.TaskGroupInvalid), (status.State, status.Reason!.Value));
            Assert.Contains("'b2'", status.Message, StringComparison.Ordinal);
        }

        var run = agent.Events.Single(e => e.Type == AgentEventType.Run).Run!;
        Assert.True(run.Group);
        Assert.Equal("good", run.Executor!.ExecutorId.Value);

        // Two tasks and their executor; it is free with the last of them.
        Assert.Equal(1.5, TestFramework.Cpus(await framework.OfferAsync(1.5)), 6);
        await framework.CallAsync(new SchedulerCall
        {
            Type = CallType.Shutdown,
            Shutdown = new ShutdownCall(new ExecutorId("good"), agent.Id)
        });
        await framework.WaitAsync(() => framework.StateOf("g1") == TaskState.Killed
            && framework.StateOf("g2") == TaskState.Killed);
        await framework.CallAsync(new SchedulerCall { Type = CallType.Revive });
        await framework.WaitAsync(() => framework.Offers.Sum(TestFramework.Cpus) >= 2.499);
        await master.VerifyAsync();
    }

    private static Operation Group(string executor, params TaskInfo[] tasks) => new()
    {
        Type = OperationType.LaunchGroup,
        LaunchGroup = new LaunchGroupOperation(
            new ExecutorInfo
            {
                Type = "DEFAULT",
                ExecutorId = new ExecutorId(executor),
                Resources = [Resource.OfScalar("cpus", 0.5)]
            },
            new TaskGroupInfo(tasks)),
    };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_framework_of_a_task_that_is_to_be_drained_is_told_before_it_is_killed(bool kills)
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync();
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t1") with
        {
            Labels = new Labels([new Label("lcm.drain", "10m")]),
        });
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Running);
        await master.OperateAsync($$$$"""
            {"type": "DRAIN_AGENT", "drain_agent": {"agent_id": {"value": "{{{{agent.Id.Value}}}}"},
             "max_grace_period": {"nanoseconds": {{{{(kills ? 600 : 1)}}}}000000000}}}
            """);
        await framework.WaitAsync(() => framework.Updates("t1").Any(status =>
            status is { State: TaskState.Running, Reason: StatusReason.AgentDraining, Uuid: null }));

        // It has its time, and ends it itself; else the operator's period is the end of it.
        if (kills)
        {
            Assert.DoesNotContain(agent.Events, e => e.Type == AgentEventType.Kill);
            await framework.CallAsync(
                new SchedulerCall { Type = CallType.Kill, Kill = new KillCall(new TaskId("t1"), agent.Id) });
        }

        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Killed);
        await master.VerifyAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_group_is_drained_as_one(bool isDrained)
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync();
        var offer = await framework.OfferAsync();

        // The label of one of them counts for all: what is killed alone takes the others with it.
        var labels = isDrained ? new Labels([new Label("lcm.drain", "10m")]) : null;
        await framework.AcceptAsync([offer], 3600, Group("pod",
            TestFramework.Sleep(offer, "web", 0.5) with { Labels = labels }, TestFramework.Sleep(offer, "log", 0.5)));
        string[] tasks = ["web", "log"];
        await framework.WaitAsync(() => tasks.All(task => framework.StateOf(task) == TaskState.Running));
        await master.OperateAsync($$$$"""
            {"type": "DRAIN_AGENT", "drain_agent": {"agent_id": {"value": "{{{{agent.Id.Value}}}}"}}}
            """);
        if (isDrained)
        {
            await framework.WaitAsync(() => tasks.All(task => framework.Updates(task).Any(status =>
                status is { State: TaskState.Running, Reason: StatusReason.AgentDraining, Uuid: null })));
            Assert.DoesNotContain(agent.Events, e => e.Type == AgentEventType.Kill);
            foreach (var task in tasks)
            {
                await framework.CallAsync(
                    new SchedulerCall { Type = CallType.Kill, Kill = new KillCall(new TaskId(task), agent.Id) });
            }
        }

        await framework.WaitAsync(() => tasks.All(task => framework.StateOf(task) == TaskState.Killed));
        await master.VerifyAsync();
    }

    [Fact]
    public async Task A_reservation_is_kept_for_its_role_over_restarts_of_agent_and_master()
    {
        var store = Guid.NewGuid().ToString("N");
        var first = await MasterUnderTest.StartAsync(store: store);
        await first.LeadsAsync();
        await using var keep = await MasterUnderTest.StartAsync(store: store);
        await using var agent = await first.RegisteredAgentAsync(cpus: 4);
        await using var eng = await first.FrameworkAsync(Refined("eng"));
        var offer = await eng.OfferAsync();
        var reserved =
            Resource.OfScalar("cpus", 3) with { Reservations = [new ReservationInfo { Type = "DYNAMIC", Role = "eng" }] };
        await eng.AcceptAsync(
            [offer], 3600,
            new Operation { Type = OperationType.Reserve, Reserve = new ReserveOperation([reserved]) },
            new Operation
            {
                Type = OperationType.Launch,
                Launch = new LaunchOperation([TestFramework.Sleep(offer, "t1") with
                {
                    Resources = [reserved with { Scalar = new Scalar(1) }, Resource.OfScalar("mem", 100)],
                }]),
            });
        await eng.WaitAsync(() => eng.StateOf("t1") == TaskState.Running);
        Assert.Contains(agent.Events, e => e.Type == AgentEventType.Resources);
        await first.VerifyAsync();
        await using var ops = await first.FrameworkAsync(Refined("ops"));
        Assert.Equal(1, TestFramework.Cpus(await ops.OfferAsync(0.5)), 6);
        await first.DisposeAsync();
        await keep.LeadsAsync();

        await using var returned = new SimulatedAgent(keep.Client, agent.Info);
        foreach (var task in agent.Tasks) returned.Adopt(task);
        await returned.RegisterAsync();
        await keep.VerifyAsync();
        await using var back = await keep.FrameworkAsync(eng.Info);
        var again = await back.OfferAsync();
        var part = again.Resources.Single(resource => resource.Reservations is { Count: > 0 });
        Assert.Equal(2, part.Scalar!.Value, 6);
        await back.AcceptAsync([again], 0, new Operation
        {
            Type = OperationType.Unreserve,
            Unreserve = new ReserveOperation([part with { AllocationInfo = null }]),
        });
        var plain = await back.OfferAsync();
        Assert.DoesNotContain(plain.Resources, resource => resource.Reservations is { Count: > 0 });
        await keep.VerifyAsync();
    }

    [Fact]
    public async Task Several_offers_of_one_agent_are_used_together_and_of_two_agents_not()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync(cpus: 2);
        await using var framework = await master.FrameworkAsync();
        var whole = await framework.OfferAsync(2);
        await framework.LaunchAsync(whole, TestFramework.Sleep(whole, "t1", 1));
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Running);
        var part = await framework.OfferAsync(1);
        await framework.CallAsync(new SchedulerCall { Type = CallType.Kill, Kill = new KillCall(new TaskId("t1")) });
        var other = await framework.OfferAsync(1);
        Assert.NotEqual(part.Id, other.Id);
        await framework.AcceptAsync([part, other], 0, new Operation
        {
            Type = OperationType.Launch,
            Launch = new LaunchOperation([TestFramework.Sleep(part, "t2", 2)]),
        });
        await framework.WaitAsync(() => framework.StateOf("t2") == TaskState.Running);

        await using var second = await master.RegisteredAgentAsync(host: "127.0.0.3");
        await using var third = await master.RegisteredAgentAsync(host: "127.0.0.4");
        List<Offer> two = [];
        await framework.WaitAsync(() =>
            (two = [.. framework.Offers.Where(o => TestFramework.Cpus(o) > 1).DistinctBy(o => o.AgentId)]).Count == 2);
        await framework.AcceptAsync(two, 0, new Operation
        {
            Type = OperationType.Launch,
            Launch = new LaunchOperation([TestFramework.Sleep(two[0], "t3")]),
        });
        await framework.WaitAsync(() => framework.StateOf("t3") == TaskState.Dropped);
        Assert.Contains("one single agent", framework.Updates("t3").Single().Message, StringComparison.Ordinal);
        await master.VerifyAsync();
    }

    [Fact]
    public async Task Messages_go_both_ways()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync();
        await framework.CallAsync(new SchedulerCall
        {
            Type = CallType.Message,
            Message = new MessageCall(agent.Id, new ExecutorId("e"), [1, 2, 3])
        });
        await framework.WaitAsync(() => agent.Events.Any(e => e.Message?.Data is [1, 2, 3]));
        await agent.CallAsync(new AgentCall
        {
            Type = AgentCallType.Message,
            Message = new AgentMessage(framework.Id, new ExecutorId("e"), [4])
        });
        await framework.WaitAsync(() => framework.Events.Any(e => e.Message?.Data is [4]));
        Assert.Equal(
            System.Net.HttpStatusCode.Accepted,
            (await framework.CallAsync(new SchedulerCall { Type = CallType.Request, Request = new RequestCall([]) })).Status);
    }

    [Fact]
    public async Task A_framework_that_is_not_partition_aware_gets_lost_for_what_it_does_not_know()
    {
        await using var master = await MasterUnderTest.StartAsync(
            new MasterOptions { AgentPingInterval = TimeSpan.FromMilliseconds(200), MaxAgentPings = 5 });
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework =
            await master.FrameworkAsync(new FrameworkInfo { User = "", Name = "old", FailoverTimeout = 60 });
        var offer = await framework.OfferAsync();
        Assert.All(offer.Resources, resource => Assert.Equal("*", resource.Role));
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t1"));
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Running);
        agent.AnswersPings = false;
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Lost);
        await framework.CallAsync(new SchedulerCall
        {
            Type = CallType.Reconcile,
            Reconcile = new ReconcileCall([new(new TaskId("t8"), new AgentId("nobody"))]),
        });
        await framework.WaitAsync(() => framework.StateOf("t8") == TaskState.Lost);
    }

    [Theory]
    [InlineData(31_536_000)]
    [InlineData(4e11)]
    public async Task A_framework_may_be_away_for_any_time(double seconds)
    {
        await using var master = await MasterUnderTest.StartAsync(new MasterOptions());
        await using var agent = await master.RegisteredAgentAsync();
        await using (var patient = await master.FrameworkAsync(
            new FrameworkInfo { User = "", Name = "patient", FailoverTimeout = seconds }))
        {
            var offer = await patient.OfferAsync();
            await patient.CallAsync(new SchedulerCall
            {
                Type = CallType.Decline,
                Decline = new DeclineCall([offer.Id], new Filters { RefuseSeconds = seconds }),
            });
        }

        // It is away, and the master goes on for all others.
        await using var other =
            await master.FrameworkAsync(new FrameworkInfo { User = "", Name = "other", FailoverTimeout = 60 });
        await other.OfferAsync();
    }

    private static FrameworkInfo Refined(string role) => TestFramework.PartitionAware(role, 3600, role) with
    {
        Capabilities = [new(FrameworkCapability.MultiRole), new(FrameworkCapability.PartitionAware),
            new(FrameworkCapability.ReservationRefinement)],
    };
}
