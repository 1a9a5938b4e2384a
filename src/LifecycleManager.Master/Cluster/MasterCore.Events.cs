using LifecycleManager.Master.Registry;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <content>What operators are told.</content>
internal sealed partial class MasterCore
{
#pragma warning disable CA1822, IDE0060
    private void AgentReturned(Agent agent, bool isNew) { }
    private void AgentLeft(AgentId id, AgentEntry entry) { }
    private void TaskEnded(Agent agent) { }
    private void TaskAdded(TaskRecord task) { }
    private void TaskUpdated(TaskRecord task, TaskStatusInfo status) { }
    private void FrameworkChanged(Framework framework, bool isNew) { }
    private void FrameworkRemoved(Framework framework) { }
#pragma warning restore CA1822, IDE0060
}
