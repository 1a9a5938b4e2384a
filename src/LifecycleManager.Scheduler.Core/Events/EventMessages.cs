using System.Buffers;
using System.Text.Json;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Events;

/// <summary>
/// Marathon's events, field by field as its event bus documents them. Deployment plans are there in both of Marathon's formats:
/// light, and full with the two whole trees.
/// </summary>
internal static class EventMessages
{
    public static SchedulerEventMessage StatusUpdate(DateTimeOffset now, Instance instance, string taskStatus, string message) =>
        Write("status_update_event", now, [instance.AppId.Path], json =>
        {
            json.WriteString("slaveId", instance.AgentId);
            json.WriteString("taskId", instance.TaskId);
            json.WriteString("taskStatus", taskStatus);
            json.WriteString("message", message);
            json.WriteString("appId", instance.AppId.Path);
            json.WriteString("host", instance.Host);
            json.WriteStartArray("ipAddresses");
            foreach (var address in instance.Addresses)
            {
                json.WriteStartObject();
                json.WriteString("ipAddress", address.Address);
                json.WriteString("protocol", address.Protocol);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("ports");
            foreach (var port in instance.Ports)
                if (port is { } number) json.WriteNumberValue(number);
            json.WriteEndArray();
            json.WriteString("version", Timestamps.Write(instance.Version));
        });

    public static SchedulerEventMessage InstanceChanged(DateTimeOffset now, Instance instance) =>
        Write("instance_changed_event", now, [instance.AppId.Path], json =>
        {
            json.WriteString("instanceId", instance.InstanceId);
            json.WriteString("condition", instance.ShownState.ConditionName());
            json.WriteString("runSpecId", instance.AppId.Path);
            json.WriteString("agentId", instance.AgentId);
            json.WriteString("host", instance.Host);
            json.WriteString("runSpecVersion", Timestamps.Write(instance.Version));
        });

    public static SchedulerEventMessage InstanceHealthChanged(DateTimeOffset now, Instance instance) =>
        Write("instance_health_changed_event", now, [instance.AppId.Path], json =>
        {
            json.WriteString("instanceId", instance.InstanceId);
            json.WriteString("runSpecId", instance.AppId.Path);
            if (instance.Healthy is { } healthy) json.WriteBoolean("healthy", healthy);
            else json.WriteNull("healthy");
            json.WriteString("runSpecVersion", Timestamps.Write(instance.Version));
        });

    public static SchedulerEventMessage UnknownInstanceTerminated(DateTimeOffset now, string taskId, InstanceState state) =>
        Write("unknown_instance_terminated_event", now, [TaskIds.AppPathOf(taskId)], json =>
        {
            json.WriteString("instanceId", TaskIds.InstanceOf(taskId));
            json.WriteString("runSpecId", TaskIds.AppPathOf(taskId));
            json.WriteString("condition", state.ConditionName());
        });

    public static SchedulerEventMessage HealthStatusChanged(DateTimeOffset now, Instance instance, bool alive) =>
        Write("health_status_changed_event", now, [instance.AppId.Path], json =>
        {
            json.WriteString("appId", instance.AppId.Path);
            json.WriteString("taskId", instance.TaskId);
            json.WriteString("instanceId", instance.InstanceId);
            json.WriteString("version", Timestamps.Write(instance.Version));
            json.WriteBoolean("alive", alive);
        });

    public static SchedulerEventMessage HealthCheckAdded(
        DateTimeOffset now, string app, DateTimeOffset version, AppHealthCheck check) =>
        Write("add_health_check_event", now, [app], json =>
        {
            json.WriteString("appId", app);
            json.WriteString("version", Timestamps.Write(version));
            WriteCheck(json, check);
        });

    public static SchedulerEventMessage HealthCheckRemoved(DateTimeOffset now, string app) =>
        Write("remove_health_check_event", now, [app], json => json.WriteString("appId", app));

    public static SchedulerEventMessage HealthCheckFailed(DateTimeOffset now, Instance instance, AppHealthCheck check) =>
        Write("failed_health_check_event", now, [instance.AppId.Path], json =>
        {
            json.WriteString("appId", instance.AppId.Path);
            json.WriteString("taskId", instance.TaskId);
            json.WriteString("instanceId", instance.InstanceId);
            WriteCheck(json, check);
        });

    public static SchedulerEventMessage UnhealthyKill(DateTimeOffset now, Instance instance, string reason) =>
        Write("unhealthy_instance_kill_event", now, [instance.AppId.Path], json =>
        {
            json.WriteString("appId", instance.AppId.Path);
            json.WriteString("taskId", instance.TaskId);
            json.WriteString("instanceId", instance.InstanceId);
            json.WriteString("version", Timestamps.Write(instance.Version));
            json.WriteString("reason", reason);
            json.WriteString("host", instance.Host);
            json.WriteString("slaveId", instance.AgentId);
        });

    public static SchedulerEventMessage GroupChanged(DateTimeOffset now, string group, DateTimeOffset version) =>
        Write("group_change_success", now, null, json =>
        {
            json.WriteString("groupId", group);
            json.WriteString("version", Timestamps.Write(version));
        });

    public static SchedulerEventMessage GroupChangeFailed(DateTimeOffset now, string group, DateTimeOffset version,
        string reason) =>
        Write("group_change_failed", now, null, json =>
        {
            json.WriteString("groupId", group);
            json.WriteString("version", Timestamps.Write(version));
            json.WriteString("reason", reason);
        });

    public static SchedulerEventMessage DeploymentInfo(DateTimeOffset now, DeploymentStatus deployment, DeploymentTrees trees,
        PlannedStep step) =>
        DeploymentWithStep("deployment_info", now, deployment, trees, step);

    public static SchedulerEventMessage DeploymentStepSuccess(DateTimeOffset now, DeploymentStatus deployment,
        DeploymentTrees trees, PlannedStep step) =>
        DeploymentWithStep("deployment_step_success", now, deployment, trees, step);

    public static SchedulerEventMessage DeploymentStepFailed(DateTimeOffset now, DeploymentStatus deployment,
        DeploymentTrees trees, PlannedStep step) =>
        DeploymentWithStep("deployment_step_failure", now, deployment, trees, step);

    /// <summary>Not one of Marathon's: a step is done, and its pause begins.</summary>
    public static SchedulerEventMessage DeploymentPaused(DateTimeOffset now, DeploymentStatus deployment, DeploymentTrees trees,
        PlannedStep step) =>
        DeploymentWithStep("deployment_paused", now, deployment, trees, step);

    public static SchedulerEventMessage DeploymentSucceeded(DateTimeOffset now, DeploymentStatus deployment,
        DeploymentTrees trees) =>
        WithPlan("deployment_success", now, deployment, trees, (json, full) =>
        {
            json.WriteString("id", deployment.Id);
            WritePlan(json, deployment, full);
        });

    public static SchedulerEventMessage DeploymentFailed(DateTimeOffset now, DeploymentStatus deployment, DeploymentTrees trees,
        string reason) =>
        WithPlan("deployment_failed", now, deployment, trees, (json, full) =>
        {
            json.WriteString("id", deployment.Id);
            WritePlan(json, deployment, full);
            json.WriteString("reason", reason);
        });

    public static SchedulerEventMessage AppTerminated(DateTimeOffset now, string app) =>
        Write("app_terminated_event", now, [app], json => json.WriteString("appId", app));

    public static SchedulerEventMessage ApiPost(DateTimeOffset now, string client, string uri, App app) =>
        Write("api_post_event", now, [app.Id!], json =>
        {
            json.WriteString("clientIp", client);
            json.WriteString("uri", uri);
            json.WritePropertyName("appDefinition");
            JsonSerializer.Serialize(json, app, MarathonJson.Default.App);
        });

    public static SchedulerEventMessage PodChanged(DateTimeOffset now, string type, string client, string uri, string pod) =>
        Write(type, now, [pod], json =>
        {
            json.WriteString("clientIp", client);
            json.WriteString("uri", uri);
        });

    public static SchedulerEventMessage StreamAttached(DateTimeOffset now, string remote) =>
        Write("event_stream_attached", now, null, json => json.WriteString("remoteAddress", remote));

    public static SchedulerEventMessage StreamDetached(DateTimeOffset now, string remote) =>
        Write("event_stream_detached", now, null, json => json.WriteString("remoteAddress", remote));

    public static SchedulerEventMessage FrameworkMessage(DateTimeOffset now, string agent, string executor, byte[] message) =>
        Write("framework_message_event", now, null, json =>
        {
            json.WriteString("slaveId", agent);
            json.WriteString("executorId", executor);
            json.WriteBase64String("message", message);
        });

    public static SchedulerEventMessage Registered(DateTimeOffset now, string frameworkId, string master) =>
        Write("scheduler_registered_event", now, null, json =>
        {
            json.WriteString("frameworkId", frameworkId);
            json.WriteString("master", master);
        });

    public static SchedulerEventMessage Reregistered(DateTimeOffset now, string master) =>
        Write("scheduler_reregistered_event", now, null, json => json.WriteString("master", master));

    public static SchedulerEventMessage Disconnected(DateTimeOffset now) =>
        Write("scheduler_disconnected_event", now, null, _ => { });

    private static SchedulerEventMessage DeploymentWithStep(
        string type, DateTimeOffset now, DeploymentStatus deployment, DeploymentTrees trees, PlannedStep step) =>
        WithPlan(type, now, deployment, trees, (json, full) =>
        {
            WritePlan(json, deployment, full);
            json.WritePropertyName("currentStep");
            WriteStep(json, step);
        });

    private static SchedulerEventMessage WithPlan(string type, DateTimeOffset now, DeploymentStatus deployment,
        DeploymentTrees trees, Action<Utf8JsonWriter, DeploymentTrees?> fields) =>
        Write(type, now, [.. deployment.AffectedApps.Select(app => app.Path)], json => fields(json, null)) with
        {
            WriteFull = () =>
            {
                var buffer = new SegmentedBuffer();
                Write(buffer, type, now, json => fields(json, trees));
                return buffer.Complete();
            },
        };

    private static void WritePlan(Utf8JsonWriter json, DeploymentStatus deployment, DeploymentTrees? trees)
    {
        json.WriteStartObject("plan");
        json.WriteString("id", deployment.Id);
        if (trees is not null)
        {
            json.WritePropertyName("original");
            JsonSerializer.Serialize(json, GroupNotation.Shown(trees.Original), MarathonJson.Default.Group);
            json.WritePropertyName("target");
            JsonSerializer.Serialize(json, GroupNotation.Shown(trees.Target), MarathonJson.Default.Group);
        }

        json.WriteString("version", Timestamps.Write(deployment.Version));
        json.WriteStartArray("steps");
        foreach (var step in deployment.Steps) WriteStep(json, step);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>A step with its actions, as events and dry runs show it.</summary>
    internal static void WriteStep(Utf8JsonWriter json, PlannedStep step)
    {
        json.WriteStartObject();
        json.WriteStartArray("actions");
        foreach (var action in step.Actions)
        {
            json.WriteStartObject();
            json.WriteString("action", action.Name);
            json.WriteString(action.IsPod ? "pod" : "app", action.App.Path);
            if (action.Stage is { } stage) json.WriteString("stage", stage.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteCheck(Utf8JsonWriter json, AppHealthCheck check)
    {
        json.WritePropertyName("healthCheck");
        JsonSerializer.Serialize(json, check, MarathonJson.Default.AppHealthCheck);
    }

    private static SchedulerEventMessage Write(
        string type, DateTimeOffset now, IReadOnlyList<string>? apps, Action<Utf8JsonWriter> fields)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        Write(buffer, type, now, fields);
        return new SchedulerEventMessage(type, now, buffer.WrittenMemory.ToArray()) { Apps = apps };
    }

    private static void Write(IBufferWriter<byte> to, string type, DateTimeOffset now, Action<Utf8JsonWriter> fields)
    {
        using var json = new Utf8JsonWriter(to);
        json.WriteStartObject();
        json.WriteString("eventType", type);
        json.WriteString("timestamp", Timestamps.Write(now));
        fields(json);
        json.WriteEndObject();
    }
}
