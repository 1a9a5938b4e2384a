using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Api;

/// <summary>Whether a call has what its type demands. Pure.</summary>
internal static class SchedulerCallValidation
{
    private const int UuidLength = 16;

    /// <summary>What is wrong with a call, or null.</summary>
    public static string? Problem(SchedulerCall call)
    {
        if (call.Type != CallType.Subscribe && call.FrameworkId is not { Value.Length: > 0 })
            return "Expecting 'framework_id' to be present";
        return call.Type switch
        {
            CallType.Subscribe => Subscribe(call),
            CallType.Teardown or CallType.Revive or CallType.Suppress => null,
            CallType.Accept => Accept(call.Accept),
            CallType.Decline => call.Decline is null ? Missing("decline") : OfferIds(call.Decline.OfferIds, "decline"),
            CallType.Kill => call.Kill is null ? Missing("kill") : Id(call.Kill.TaskId.Value, "kill.task_id"),
            CallType.Shutdown => call.Shutdown is null ? Missing("shutdown")
                : Id(call.Shutdown.ExecutorId.Value, "shutdown.executor_id")
                ?? Id(call.Shutdown.AgentId.Value, "shutdown.agent_id"),
            CallType.Acknowledge => Acknowledge(call.Acknowledge),
            CallType.Reconcile => call.Reconcile is null ? Missing("reconcile") : Reconcile(call.Reconcile),
            CallType.Message => call.Message is null ? Missing("message")
                : Id(call.Message.ExecutorId.Value, "message.executor_id") ?? Id(call.Message.AgentId.Value, "message.agent_id")
                ?? (call.Message.Data is null ? Missing("message.data") : null),
            CallType.Request => call.Request?.Requests is null ? Missing("request") : null,
            _ => "Unknown call",
        };
    }

    /// <summary>The name of an operation of Mesos' that this master does not have, or null.</summary>
    public static string? NotImplemented(SchedulerCall call)
    {
        var other = call.Accept?.Operations?.FirstOrDefault(operation =>
            operation.Type is not (OperationType.Launch or OperationType.LaunchGroup or OperationType.Reserve
                or OperationType.Unreserve));
        return other is null
            ? null : $"The operation {System.Text.Json.JsonNamingPolicy.SnakeCaseUpper.ConvertName(other.Type.ToString())}";
    }

    private static string? Subscribe(SchedulerCall call)
    {
        if (call.Subscribe is not { } subscribe) return Missing("subscribe");
        if (subscribe.FrameworkInfo is not { } info) return Missing("subscribe.framework_info");
        if (info.Id != call.FrameworkId && (info.Id is not null || call.FrameworkId is not null))
        {
            return "'framework_id' differs from 'subscribe.framework_info.id'";
        }

        if (info.Capabilities?.Any(capability => capability is null) == true)
            return "'subscribe.framework_info.capabilities' holds null";
        return info.Roles?.Any(role => role is null) == true ? "'subscribe.framework_info.roles' holds null" : null;
    }

    private static string? Accept(AcceptCall? accept)
    {
        if (accept is null) return Missing("accept");
        if (OfferIds(accept.OfferIds, "accept") is { } offers) return offers;
        var operations = accept.Operations ?? [];
        for (var i = 0; i < operations.Count; i++)
        {
            var at = $"accept.operations[{i}]";
            if (operations[i] is not { } operation) return $"'{at}' is null";
            var problem = operation.Type switch
            {
                OperationType.Launch => operation.Launch?.TaskInfos is { } tasks ? Tasks(tasks, $"{at}.launch.task_infos")
                    : Missing($"{at}.launch"),
                OperationType.LaunchGroup => operation.LaunchGroup is not { Executor: not null, TaskGroup.Tasks: { } group }
                    ? Missing($"{at}.launch_group") : Tasks(group, $"{at}.launch_group.task_group.tasks"),
                OperationType.Reserve => operation.Reserve?.Resources is null ? Missing($"{at}.reserve") : null,
                OperationType.Unreserve => operation.Unreserve?.Resources is null ? Missing($"{at}.unreserve") : null,
                OperationType.Unknown => $"'{at}.type' is unknown",
                _ => null,
            };
            if (problem is not null) return problem;
        }

        return null;
    }

    private static string? Tasks(IReadOnlyList<TaskInfo> tasks, string at)
    {
        for (var i = 0; i < tasks.Count; i++)
        {
            if (tasks[i] is null) return $"'{at}[{i}]' is null";
            if (tasks[i].TaskId.Value is null) return Missing($"{at}[{i}].task_id");
            if (tasks[i].AgentId.Value is null) return Missing($"{at}[{i}].agent_id");
        }

        return null;
    }

    private static string? OfferIds(IReadOnlyList<OfferId>? ids, string at) =>
        ids is null ? Missing($"{at}.offer_ids") : ids.Any(id => string.IsNullOrEmpty(id.Value))
        ? $"'{at}.offer_ids' holds an empty id" : null;

    private static string? Acknowledge(AcknowledgeCall? acknowledge)
    {
        if (acknowledge is null) return Missing("acknowledge");
        return Id(acknowledge.AgentId.Value, "acknowledge.agent_id") ?? Id(acknowledge.TaskId.Value, "acknowledge.task_id")
            ?? (acknowledge.Uuid?.Length != UuidLength ? "Not a valid UUID in 'acknowledge.uuid'" : null);
    }

    private static string? Reconcile(ReconcileCall reconcile) =>
        reconcile.Tasks?.Select((task, i) => task is null
            ? $"'reconcile.tasks[{i}]' is null" : Id(task.TaskId.Value, $"reconcile.tasks[{i}].task_id"))
            .FirstOrDefault(problem => problem is not null);

    private static string? Id(string? id, string at) => string.IsNullOrEmpty(id) ? Missing(at) : null;

    private static string Missing(string at) => $"Expecting '{at}' to be present";
}
