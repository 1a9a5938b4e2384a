using System.Net;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Cluster;

/// <summary>RECONCILE_OPERATIONS and the acknowledgement of operations, where no operation is kept.</summary>
public sealed class OperationReconciliationTests
{
    [Fact]
    public async Task Each_operation_that_is_asked_for_is_answered_by_the_state_of_its_agent()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var framework = await master.FrameworkAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var gone = await master.RegisteredAgentAsync(host: "127.0.0.3");
        await master.OperateAsync(
            $$"""{"type": "MARK_AGENT_GONE", "mark_agent_gone": {"agent_id": {"value": "{{gone.Id.Value}}"} } }""");
        (AgentId? Agent, OperationState State)[] asked =
        [
            (null, OperationState.Unknown),
            (agent.Id, OperationState.Unknown),
            (new AgentId("nobody"), OperationState.Unknown),
            (gone.Id, OperationState.GoneByOperator),
        ];
        var (status, text) = await ReconcileAsync(framework, [.. asked.Select((operation, i) =>
            new OperationToReconcile(new OperationId($"o{i}"), operation.Agent, new ResourceProviderId("p")))]);
        Assert.Equal((HttpStatusCode.Accepted, ""), (status, text));
        await framework.WaitAsync(() => Statuses(framework).Count() == asked.Length);
        Assert.Equal(
            asked.Select((operation, i) => (new OperationId($"o{i}"), operation.Agent, operation.State)),
            Statuses(framework).Select(s => (s.OperationId!.Value, s.AgentId, s.State)));
        Assert.All(Statuses(framework), s => Assert.Equal("p", s.ResourceProviderId!.Value.Value));
    }

    [Fact]
    public async Task An_agent_that_has_not_yet_returned_to_this_master_is_recovering()
    {
        var store = Guid.NewGuid().ToString("N");
        AgentId agent;
        var first = await MasterUnderTest.StartAsync(store: store);
        await first.LeadsAsync();
        await using var master = await MasterUnderTest.StartAsync(store: store);
        await using (first)
        {
            await using var registered = await first.RegisteredAgentAsync();
            agent = registered.Id;
        }

        await master.LeadsAsync();
        await using var framework = await master.FrameworkAsync();
        await ReconcileAsync(framework, new OperationToReconcile(new OperationId("o"), agent));
        await framework.WaitAsync(() => Statuses(framework).Any());
        Assert.Equal(OperationState.Recovering, Statuses(framework).Single().State);
    }

    [Fact]
    public async Task Without_a_list_nothing_is_sent_and_the_call_is_accepted()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var framework = await master.FrameworkAsync();
        Assert.Equal(HttpStatusCode.Accepted, (await ReconcileAsync(framework)).Status);

        // Events come in order: one that is asked for later would come after whatever this call had sent.
        await ReconcileAsync(framework, new OperationToReconcile(new OperationId("marker")));
        await framework.WaitAsync(() => Statuses(framework).Any());
        Assert.Equal("marker", Statuses(framework).Single().OperationId!.Value.Value);
    }

    [Theory]
    [InlineData(16, "agent", "operation", HttpStatusCode.Accepted)]
    [InlineData(15, "agent", "operation", HttpStatusCode.BadRequest)]
    [InlineData(0, "agent", "operation", HttpStatusCode.BadRequest)]
    [InlineData(16, null, "operation", HttpStatusCode.BadRequest)]
    [InlineData(16, "agent", "", HttpStatusCode.BadRequest)]
    public async Task An_acknowledgement_is_accepted_where_it_is_one(int length, string? agent, string operation,
        HttpStatusCode expected)
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var framework = await master.FrameworkAsync();
        var (status, text) = await framework.CallAsync(new SchedulerCall
        {
            Type = CallType.AcknowledgeOperationStatus,
            AcknowledgeOperationStatus = new AcknowledgeOperationStatusCall(
                new OperationId(operation), new byte[length], agent is null ? null : new AgentId(agent)),
        });
        Assert.Equal(expected, status);
        Assert.Equal(expected == HttpStatusCode.Accepted, text.Length == 0);
        Assert.True(framework.IsConnected);
    }

    private static IEnumerable<OperationStatus> Statuses(TestFramework framework) =>
        framework.Events.Select(e => e.UpdateOperationStatus?.Status).OfType<OperationStatus>();

    private static Task<(HttpStatusCode Status, string Text)> ReconcileAsync(
        TestFramework framework, params OperationToReconcile[] operations) => framework.CallAsync(new SchedulerCall
        {
            Type = CallType.ReconcileOperations,
            ReconcileOperations = new ReconcileOperationsCall(operations),
        });
}
