using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Api;

/// <summary>The answers of the v1 APIs have Mesos' fields and no others, with all that Mesos requires.</summary>
public sealed class MesosFieldsTests
{
    private static readonly MesosFields Fields = MesosFields.Read();

    [Fact]
    public async Task Answers_of_the_operator_api_have_the_fields_of_their_messages()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync();
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t"));
        await framework.WaitAsync(() => framework.StateOf("t") == TaskState.Running);
        foreach (var type in new[]
        {
            "GET_HEALTH", "GET_VERSION", "GET_FLAGS", "GET_METRICS", "GET_STATE", "GET_AGENTS", "GET_FRAMEWORKS", "GET_TASKS",
            "GET_ROLES", "GET_WEIGHTS", "GET_MASTER", "GET_EXECUTORS", "GET_OPERATIONS", "GET_MAINTENANCE_STATUS",
            "GET_MAINTENANCE_SCHEDULE", "GET_QUOTA",
        })
        {
            var answer = await master.OperateAsync($$"""{"type": "{{type}}"}""");
            Assert.Empty(Fields.Problems("master.Response", answer, type));
        }
    }

    [Fact]
    public async Task Events_of_the_scheduler_api_have_the_fields_of_their_messages()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync();
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t"));
        await framework.WaitAsync(() => framework.StateOf("t") == TaskState.Running);
        await framework.CallAsync(new SchedulerCall
        {
            Type = CallType.ReconcileOperations,
            ReconcileOperations = new ReconcileOperationsCall([new OperationToReconcile(new OperationId("o"), agent.Id)]),
        });
        await framework.WaitAsync(() => framework.Events.Any(e => e.Type == EventType.UpdateOperationStatus));
        foreach (var message in framework.Events)
        {
            var json = System.Text.Json.JsonSerializer.SerializeToElement(message, MesosJson.Default.SchedulerEvent);
            Assert.Empty(Fields.Problems("scheduler.Event", json, message.Type.ToString()));
        }

        var info = framework.Events.First(e => e.Subscribed is not null).Subscribed!.MasterInfo!;
        Assert.Equal((0x0100007Fu, master.Options.Address.Port, "127.0.0.1"), (info.Ip, info.Port, info.Address!.Ip));
        Assert.Equal(("127.0.0.2", "/slave(1)"), (offer.Url!.Address.Ip, offer.Url.Path));
    }
}
