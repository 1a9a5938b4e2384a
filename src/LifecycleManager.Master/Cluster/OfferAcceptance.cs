using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <summary>ACCEPT: what frameworks do with offers.</summary>
internal sealed class OfferAcceptance(
    ClusterServices services, Ledger ledger, AgentTable agents, AllocationQueue allocations, OfferTable offers,
    ClusterTasks tasks, AgentReservations reservations, OperatorEvents events)
{
    /// <summary>ACCEPT: its operations one after the other. A reservation is durable before the next operation.</summary>
    public void Accept(Framework framework, AcceptCall call)
    {
        if (FindOffers(framework, call.OfferIds, out var accepted) is { } problem)
        {
            foreach (var offer in accepted) offers.TakeBack(offer);
            DropTasks(framework, call.Operations ?? [], StatusReason.InvalidOffers, problem);
            return;
        }

        var agent = agents.Registered[accepted[0].AgentId];
        var left = ResourceSet.Empty;
        foreach (var offer in accepted)
        {
            left = left.Plus(offer.Resources);
            offers.Take(offer);
        }

        services.Metrics.OffersAccepted.Inc(accepted.Count);
        framework.Counts.OffersAccepted += accepted.Count;
        var accept = new PendingAccept(framework, agent, accepted[0].Role, left, call);
        agent.Accepts.Add(accept);
        Continue(accept);
    }

    private static string? FindOffers(Framework framework, IReadOnlyList<OfferId> ids, out List<OfferRecord> known)
    {
        var found = known = [];
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

    private void Continue(PendingAccept accept)
    {
        if (accept.IsCancelled) return;
        while (accept.Next < accept.Operations.Count)
        {
            if (!accept.Agent.IsConnected || accept.Agent.IsLeaving || accept.Framework.UnregisteredAt is not null)
            {
                Cancel(accept, "The agent has disconnected");
                return;
            }

            var operation = accept.Operations[accept.Next++];
            var before = accept.Left;
            var isDurableLater = false;
            accept.Framework.Counts.Operated(operation.Type);
            switch (operation.Type)
            {
                case OperationType.Launch: Launch(accept, operation.Launch!.TaskInfos); break;
                case OperationType.LaunchGroup: LaunchGroup(accept, operation.LaunchGroup!); break;
                case OperationType.Reserve: isDurableLater = Reserve(accept, operation.Reserve!.Resources); break;
                case OperationType.Unreserve: isDurableLater = Unreserve(accept, operation.Unreserve!.Resources); break;
            }

            accept.HasEffect |= !ReferenceEquals(before, accept.Left);
            if (isDurableLater) return;
        }

        accept.Agent.Accepts.Remove(accept);
        ledger.TakeBack(accept.Agent.Id, accept.Framework.Id, accept.Role, accept.Left);

        // A refusal of no time is taken at its word only where something was done: else the two would go in circles.
        offers.RefuseResources(
            accept.Framework, accept.Role, accept.Agent.Id, accept.Left, accept.Filters,
            accept.HasEffect ? TimeSpan.Zero : services.Options.AllocationInterval);
        allocations.MarkDirty(accept.Agent);
    }

    /// <summary>What is left returns; what was still to be launched never was.</summary>
    public void Cancel(PendingAccept accept, string why)
    {
        accept.IsCancelled = true;
        accept.Agent.Accepts.Remove(accept);
        ledger.TakeBack(accept.Agent.Id, accept.Framework.Id, accept.Role, accept.Left);
        DropTasks(accept.Framework, accept.Operations.Skip(accept.Next), StatusReason.AgentDisconnected, why);
        allocations.MarkDirty(accept.Agent);
    }

    // What an ACCEPT wanted to launch and cannot: it never was.
    private void DropTasks(Framework framework, IEnumerable<Operation> operations, StatusReason reason, string message)
    {
        foreach (var task in operations.SelectMany(Tasks))
        {
            tasks.Refuse(framework, task, TaskState.Dropped, reason, message);
        }
    }

    private static IEnumerable<TaskInfo> Tasks(Operation operation) =>
        operation.Launch?.TaskInfos ?? operation.LaunchGroup?.TaskGroup.Tasks ?? [];

    private void Launch(PendingAccept accept, IReadOnlyList<TaskInfo> wanted)
    {
        services.Metrics.Mesos.Inc(MasterCount.MessagesLaunchTasks);
        var (framework, agent) = (accept.Framework, accept.Agent);
        var launched = new List<TaskInfo>(wanted.Count);
        foreach (var task in wanted)
        {
            if (TaskValidation.Check(task, framework, agent, accept.Role, accept.Left, IsLive, out var resources,
                out var executor) is { } problem)
            {
                tasks.Refuse(framework, task, TaskState.Error, StatusReason.TaskInvalid, problem);
                continue;
            }

            accept.Left = accept.Left.Minus(resources.Plus(executor));
            launched.Add(StartTask(accept, task, resources, task.Executor, executor));
        }

        if (launched.Count > 0)
            services.Effects.Send(agent.Stream,
                new AgentEvent { Type = AgentEventType.Run, Run = new RunEvent(framework.Info, launched) });
    }

    // All of them or none.
    private void LaunchGroup(PendingAccept accept, LaunchGroupOperation group)
    {
        services.Metrics.Mesos.Inc(MasterCount.MessagesLaunchTasks);
        var (framework, agent) = (accept.Framework, accept.Agent);
        var members = group.TaskGroup.Tasks;
        var left = accept.Left;
        var resources = new List<ResourceSet>(members.Count);
        var problem = TaskValidation.CheckGroup(group, framework, agent, accept.Role, left, out var executor);
        if (problem is null) left = left.Minus(executor);
        for (var i = 0; problem is null && i < members.Count; i++)
        {
            // A member runs in the group's executor.
            var task = members[i] with { Executor = null };
            problem = TaskValidation.Check(task, framework, agent, accept.Role, left, IsLive, out var own, out _);
            if (problem is null && members.Take(i).Any(other => other.TaskId == task.TaskId))
                problem = $"Task has duplicate ID: {task.TaskId.Value}";
            if (problem is not null) problem = $"Task '{task.TaskId.Value}' is invalid: {problem}";
            else left = left.Minus(own);
            resources.Add(own);
        }

        if (problem is not null)
        {
            foreach (var task in members)
                tasks.Refuse(framework, task, TaskState.Error, StatusReason.TaskGroupInvalid, problem);
            return;
        }

        accept.Left = left;
        var info = group.Executor with
        {
            FrameworkId = framework.Id,
            Resources = Allocated(group.Executor.Resources ?? [], accept.Role)
        };
        var launched = members.Select((task, i) => StartTask(accept, task with { Executor = info }, resources[i], info, executor))
            .ToList();
        services.Effects.Send(agent.Stream, new AgentEvent
        {
            Type = AgentEventType.Run,
            Run = new RunEvent(framework.Info, launched, Group: true, info)
        });
    }

    private static bool IsLive(Framework framework, TaskId task) =>
        framework.Tasks.ContainsKey(task) || framework.Unreachable.Contains(task);

    private TaskInfo StartTask(PendingAccept accept, TaskInfo info, ResourceSet resources, ExecutorInfo? executor,
        ResourceSet executorResources)
    {
        var (framework, agent) = (accept.Framework, accept.Agent);
        var allocated = info with { Resources = Allocated(info.Resources, accept.Role) };
        var task = new ClusterTask
        {
            Info = allocated,
            FrameworkId = framework.Id,
            AgentId = agent.Id,
            Role = accept.Role,
            Resources = resources,
            Executor = executor?.ExecutorId,
        };
        ledger.Use(agent.Id, task.Resources);
        if (executor is not null)
        {
            if (!agent.Executors.ContainsKey((framework.Id, executor.ExecutorId))) ledger.Use(agent.Id, executorResources);
            ClusterTasks.JoinExecutor(agent, task, executor, executorResources);
        }

        ClusterTasks.Add(framework, agent, task);
        events.TaskAdded(task);
        return allocated;
    }

    // The agent gives the role back when it returns to another master.
    private static Resource[] Allocated(IReadOnlyList<Resource> resources, string role)
    {
        var allocation = new AllocationInfo(role);
        return [.. resources.Select(resource => resource with { AllocationInfo = allocation })];
    }

    private bool Reserve(PendingAccept accept, IReadOnlyList<Resource> resources) =>
        Convert(accept, "RESERVE", resources, stated =>
            Reservations.CheckReserve(stated, accept.Framework.Info.Principal, accept.Role),
            to => to.Rename(kind => kind.Pop()), reserved => reserved);

    private bool Unreserve(PendingAccept accept, IReadOnlyList<Resource> resources) =>
        Convert(accept, "UNRESERVE", resources, Reservations.CheckUnreserve, from => from,
            from => from.Rename(kind => kind.Pop()));

    // True: the operations go on when the change is durable.
    private bool Convert(
        PendingAccept accept, string name, IReadOnlyList<Resource> wire, Func<ResourceSet, string?> check,
        Func<ResourceSet, ResourceSet> from, Func<ResourceSet, ResourceSet> to)
    {
        var (framework, agent) = (accept.Framework, accept.Agent);
        var problem = TaskValidation.Resources(wire, accept.Role, out var stated) ?? check(stated);
        if (problem is null && !accept.Left.Contains(from(stated)))
            problem = $"{from(stated)} is not in the offer, which has {accept.Left}";
        if (problem is null && !ledger.TryConvert(agent.Id, framework.Id, accept.Role, from(stated), to(stated)))
            problem = $"tasks use more than the agent has, and {to(stated)} would not be free";
        if (problem is not null)
        {
            // As Mesos, which has no answer to a refused operation without an id either.
            services.Log.LogWarning("{Operation} of framework {Framework} on {Agent}: {Problem}", name, framework.Id.Value,
                agent.Id.Value, problem);
            return false;
        }

        accept.Left = accept.Left.Minus(from(stated)).Plus(to(stated));
        reservations.KeepReservations(agent, () => Continue(accept));
        return true;
    }
}
