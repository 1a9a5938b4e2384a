using LifecycleManager.Master.Registry;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>
/// RECONCILE_OPERATIONS. This master keeps no operations: those it makes are done or refused with their call, and none has
/// feedback. So each that is asked for is unknown, in the word that fits the state of its agent.
/// </summary>
internal sealed class OperationReconciliation(ClusterServices services, AgentTable agents)
{
    /// <summary>Sends the status of each operation that is stated; of all that are kept (none) without a list.</summary>
    public void Reconcile(Framework framework, ReconcileOperationsCall call)
    {
        services.Metrics.Mesos.Inc(MasterCount.MessagesReconcileOperations);
        foreach (var operation in call.Operations ?? [])
        {
            var (state, message) = Of(operation.AgentId);
            services.Effects.Send(framework, new SchedulerEvent
            {
                Type = EventType.UpdateOperationStatus,
                UpdateOperationStatus = new UpdateOperationStatusEvent(new OperationStatus
                {
                    OperationId = operation.OperationId,
                    State = state,
                    Message = $"Reconciliation: {message}",
                    AgentId = operation.AgentId,
                    ResourceProviderId = operation.ResourceProviderId,
                }),
            });
        }
    }

    /// <summary>ACKNOWLEDGE_OPERATION_STATUS: no status was sent that awaits it, and as in Mesos it is dropped.</summary>
    public void Acknowledge()
    {
        services.Metrics.Mesos.Inc(MasterCount.MessagesOperationStatusUpdateAcknowledgement);
        services.Metrics.Mesos.Inc(MasterCount.InvalidOperationStatusUpdateAcknowledgements);
    }

    private (OperationState State, string Message) Of(AgentId? agent)
    {
        if (agent is not { } id || agents.Registered.ContainsKey(id)) return (OperationState.Unknown, "Operation is unknown");
        if (!agents.Absent.TryGetValue(id, out var absent))
            return (OperationState.Unknown, "Both operation and agent are unknown");
        return absent.Entry.Standing switch
        {
            AgentStanding.Gone => (OperationState.GoneByOperator, "Agent marked gone by operator"),
            AgentStanding.Unreachable => (OperationState.Unreachable, "Agent is unreachable"),
            _ => (OperationState.Recovering, "Agent is recovered but has not re-registered"),
        };
    }
}
