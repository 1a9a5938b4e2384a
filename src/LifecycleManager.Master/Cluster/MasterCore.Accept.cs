using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <content>ACCEPT: what frameworks do with offers.</content>
internal sealed partial class MasterCore
{
    /// <summary>ACCEPT.</summary>
    public void Accept(Framework framework, AcceptCall call)
    {
        var operations = call.Operations ?? [];
        if (FindOffers(framework, call.OfferIds, out var offers) is { } problem)
        {
            foreach (var offer in offers) TakeBack(offer);
            DropTasks(framework, operations, StatusReason.InvalidOffers, problem);
            return;
        }

        var agent = _agents[offers[0].AgentId];
        var role = offers[0].Role;
        var left = ResourceSet.Empty;
        foreach (var offer in offers)
        {
            left = left.Plus(offer.Resources);
            _offers.Remove(offer.Id);
            offer.Timeout?.Cancel();
            framework.Offers.Remove(offer.Id);
            agent.Offers.Remove(offer);
        }

        _metrics.OffersAccepted.Inc(offers.Count);
        var used = false;
        foreach (var operation in operations)
        {
            var before = left;
            if (operation.Type == OperationType.Launch) left = Launch(framework, agent, role, left, operation.Launch!.TaskInfos);
            used |= !ReferenceEquals(before, left);
        }

        _ledger.TakeBack(agent.Id, framework.Id, role, left);

        // A refusal of no time is taken at its word only where something was launched: else the two would go in circles.
        Refuse(framework, role, agent.Id, left, call.Filters, used ? TimeSpan.Zero : _options.AllocationInterval);
        MarkDirty(agent);
    }

    private static string? FindOffers(Framework framework, IReadOnlyList<OfferId> ids, out List<OfferRecord> offers)
    {
        var found = offers = [];
        string? problem = ids.Count == 0 ? "No offers specified" : null;
        foreach (var id in ids)
        {
            if (!framework.Offers.TryGetValue(id, out var offer)) problem ??= $"Offer {id.Value} is no longer valid";
            else if (found.Contains(offer)) problem ??= $"Duplicate offer {id.Value} in offer list";
            else found.Add(offer);
        }

        if (problem is not null || found.Count == 0) return problem;
        if (found.Any(offer => offer.AgentId != found[0].AgentId)) return "Aggregated offers must belong to one single agent";
        return found.Any(offer => offer.Role != found[0].Role) ? "Aggregated offers must be allocated to the same role" : null;
    }

    // What an ACCEPT wanted to launch and cannot: it never was.
    private void DropTasks(Framework framework, IReadOnlyList<Operation> operations, StatusReason reason, string message)
    {
        foreach (var task in operations.SelectMany(Tasks))
        {
            SendUpdate(framework, MasterStatus(task.TaskId, task.AgentId, TaskState.Dropped, reason, message));
        }
    }

    private static IEnumerable<TaskInfo> Tasks(Operation operation) =>
        operation.Launch?.TaskInfos ?? operation.LaunchGroup?.TaskGroup.Tasks ?? [];

    private ResourceSet Launch(Framework framework, Agent agent, string role, ResourceSet left, IReadOnlyList<TaskInfo> tasks)
    {
        var launched = new List<TaskInfo>(tasks.Count);
        foreach (var task in tasks)
        {
            if (TaskValidation.Check(task, framework, agent, role, left, IsLive, out var resources, out var executor) is { } problem)
            {
                SendUpdate(framework, MasterStatus(task.TaskId, task.AgentId, TaskState.Error, StatusReason.TaskInvalid, problem));
                continue;
            }

            left = left.Minus(resources.Plus(executor));
            var allocated = Allocated(task, role);
            StartTask(framework, agent, new TaskRecord
            {
                Info = allocated,
                FrameworkId = framework.Id,
                AgentId = agent.Id,
                Role = role,
                Resources = resources,
                Executor = task.Executor?.ExecutorId,
            }, task.Executor, executor);
            launched.Add(allocated);
        }

        if (launched.Count > 0)
        {
            agent.Stream?.Send(new AgentEvent { Type = AgentEventType.Run, Run = new RunEvent(framework.Info, launched) });
        }

        return left;
    }

    private bool IsLive(Framework framework, TaskId task) => framework.Tasks.ContainsKey(task) || framework.Unreachable.Contains(task);

    private void StartTask(Framework framework, Agent agent, TaskRecord task, ExecutorInfo? executor, ResourceSet executorResources)
    {
        _ledger.Use(agent.Id, task.Resources);
        if (executor is not null)
        {
            if (!agent.Executors.ContainsKey((framework.Id, executor.ExecutorId))) _ledger.Use(agent.Id, executorResources);
            JoinExecutor(agent, task, executor, executorResources);
        }

        framework.Tasks.Add(task.Id, task);
        agent.Tasks.Add((framework.Id, task.Id));
        TaskAdded(task);
    }

    // The agent gives the role back when it returns to another master.
    private static TaskInfo Allocated(TaskInfo task, string role) => task with
    {
        Resources = [.. task.Resources.Select(resource => resource with { AllocationInfo = new AllocationInfo(role) })],
    };
}
