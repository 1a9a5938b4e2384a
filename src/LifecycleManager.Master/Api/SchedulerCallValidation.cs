using System.Text.Json;
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
            CallType.UpdateFramework => UpdateFramework(call),
            CallType.ReconcileOperations => call.ReconcileOperations is null ? Missing("reconcile_operations")
                : ReconcileOperations(call.ReconcileOperations),
            CallType.AcknowledgeOperationStatus => Acknowledge(call.AcknowledgeOperationStatus),
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
            ? null : $"The operation {JsonNamingPolicy.SnakeCaseUpper.ConvertName(other.Type.ToString())}";
    }

    private static string? Subscribe(SchedulerCall call)
    {
        if (call.Subscribe is not { } subscribe) return Missing("subscribe");
        if (subscribe.FrameworkInfo is not { } info) return Missing("subscribe.framework_info");
        if (info.Id != call.FrameworkId && (info.Id is not null || call.FrameworkId is not null))
        {
            return "'framework_id' differs from 'subscribe.framework_info.id'";
        }

        return OfferConstraints(subscribe.OfferConstraints, "subscribe") ?? Lists(info, "subscribe");
    }

    private static string? UpdateFramework(SchedulerCall call)
    {
        if (call.UpdateFramework is not { } update) return Missing("update_framework");
        if (update.FrameworkInfo is not { } info) return Missing("update_framework.framework_info");
        if (info.Id != call.FrameworkId) return "'framework_id' differs from 'update_framework.framework_info.id'";
        return OfferConstraints(update.OfferConstraints, "update_framework") ?? Lists(info, "update_framework");
    }

    private static string? Lists(FrameworkInfo info, string at)
    {
        if (info.Capabilities?.Any(capability => capability is null) == true)
            return $"'{at}.framework_info.capabilities' holds null";
        return info.Roles?.Any(role => role is null) == true ? $"'{at}.framework_info.roles' holds null" : null;
    }

    // Offers that a framework must not get are worse than a refusal. Without roles there is nothing to constrain.
    private static string? OfferConstraints(JsonElement? constraints, string at) => constraints switch
    {
        null or { ValueKind: JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.Object } some when !some.TryGetProperty("role_constraints", out var roles)
            || roles.ValueKind == JsonValueKind.Object && !roles.EnumerateObject().Any() => null,
        _ => $"'{at}.offer_constraints' are not supported",
    };

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

    private static string? Acknowledge(AcknowledgeOperationStatusCall? acknowledge)
    {
        const string At = "acknowledge_operation_status";
        if (acknowledge is null) return Missing(At);
        return Id(acknowledge.OperationId.Value, $"{At}.operation_id")
            ?? (acknowledge.Uuid?.Length != UuidLength ? $"Not a valid UUID in '{At}.uuid'" : null)
            ?? Id(acknowledge.AgentId?.Value, $"{At}.agent_id");
    }

    private static string? ReconcileOperations(ReconcileOperationsCall reconcile) =>
        reconcile.Operations?.Select((operation, i) => operation is null
            ? $"'reconcile_operations.operations[{i}]' is null"
            : Id(operation.OperationId.Value, $"reconcile_operations.operations[{i}].operation_id"))
            .FirstOrDefault(problem => problem is not null);

    private static string? Reconcile(ReconcileCall reconcile) =>
        reconcile.Tasks?.Select((task, i) => task is null
            ? $"'reconcile.tasks[{i}]' is null" : Id(task.TaskId.Value, $"reconcile.tasks[{i}].task_id"))
            .FirstOrDefault(problem => problem is not null);

    private static string? Id(string? id, string at) => string.IsNullOrEmpty(id) ? Missing(at) : null;

    private static string Missing(string at) => $"Expecting '{at}' to be present";
}
