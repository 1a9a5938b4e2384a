using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <content>Executors: their own resources are used from their first task to the end of their last.</content>
internal sealed partial class MasterCore
{
    private static void JoinExecutor(Agent agent, TaskRecord task, ExecutorInfo info, ResourceSet resources)
    {
        var key = (task.FrameworkId, info.ExecutorId);
        if (!agent.Executors.TryGetValue(key, out var executor))
        {
            agent.Executors[key] = executor = new ExecutorRecord(info, task.Role, resources);
        }

        executor.Tasks.Add(task.Id);
    }

    private void LeaveExecutor(Agent agent, TaskRecord task)
    {
        if (task.Executor is not { } id || !agent.Executors.TryGetValue((task.FrameworkId, id), out var executor)) return;
        executor.Tasks.Remove(task.Id);
        if (executor.Tasks.Count == 0) FreeExecutor(agent, (task.FrameworkId, id), executor);
    }

    private void FreeExecutor(Agent agent, (FrameworkId Framework, ExecutorId Executor) key, ExecutorRecord executor)
    {
        _changes.Advance();
        if (!agent.Executors.Remove(key)) return;
        _ledger.Free(agent.Id, key.Framework, executor.Role, executor.Resources);
    }
}
