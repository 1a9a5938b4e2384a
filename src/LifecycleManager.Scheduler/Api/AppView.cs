using System.Runtime.CompilerServices;
using System.Text.Json;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Api;

/// <summary>Apps and groups as answers show them.</summary>
internal static class AppView
{
    // Most apps are the same in many snapshots, and are asked for again and again: their text is kept as long as they are.
    private static readonly ConditionalWeakTable<AppStatus, byte[]> Known = [];

    /// <summary>An app in the list as text; the embeds are always the same.</summary>
    public static ReadOnlySpan<byte> Bytes(AppStatus status, Embeds embeds, SchedulerSnapshot snapshot, DateTimeOffset now)
    {
        if (Known.TryGetValue(status, out var known)) return known;
        using var buffer = new MemoryStream();
        using (var json = ApiAnswer.Writer(buffer)) JsonSerializer.Serialize(json, Of(status, embeds, snapshot, now),
            MarathonJson.Default.App);
        var bytes = buffer.ToArray();
        Known.TryAdd(status, bytes);
        return bytes;
    }

    /// <summary>An app with what is embedded.</summary>
    public static App Of(AppStatus status, Embeds embeds, SchedulerSnapshot snapshot, DateTimeOffset now)
    {
        var counts = embeds.HasFlag(Embeds.Counts);
        return status.Definition.Wire with
        {
            VersionInfo = new AppVersionInfo(Timestamps.Write(status.LastScalingAt), Timestamps.Write(status.LastConfigChangeAt)),
            CountOwner = status.CountOwner,
            CountSuspended = status.IsSuspended ? true : null,
            CreatedAt = Timestamps.Write(status.CreatedAt),
            TasksStaged = counts ? status.Staged : null,
            TasksRunning = counts ? status.Running : null,
            TasksHealthy = counts ? status.Healthy : null,
            TasksUnhealthy = counts ? status.Unhealthy : null,
            Deployments = embeds.HasFlag(Embeds.Deployments) ? [.. status.DeploymentIds.Select(id => new DeploymentRef(id))]
                : null,
            Tasks = embeds.HasFlag(Embeds.Tasks) ? [.. TaskView.Tasks(status)] : null,
            LastTaskFailure = embeds.HasFlag(Embeds.LastTaskFailure) ? Failure(status) : null,
            TaskStats = embeds.HasFlag(Embeds.TaskStats) ? TaskStatistics.Of(status, now) : null,
            ReadinessCheckResults = embeds.HasFlag(Embeds.Readiness) ? Readiness(status, snapshot) : null,
        };
    }

    /// <summary>An app that has just been made: nothing runs of it.</summary>
    public static App New(AppDefinition app, string deployment) => app.Wire with
    {
        VersionInfo = new AppVersionInfo(Timestamps.Write(app.Version), Timestamps.Write(app.Version)),
        CreatedAt = Timestamps.Write(app.Version),
        TasksStaged = 0,
        TasksRunning = 0,
        TasksHealthy = 0,
        TasksUnhealthy = 0,
        Deployments = [new DeploymentRef(deployment)],
    };

    /// <summary>The result of one readiness check.</summary>
    public static void Write(Utf8JsonWriter json, ReadinessResult result)
    {
        json.WriteStartObject();
        json.WriteString("name", result.Name);
        json.WriteString("taskId", result.TaskId);
        json.WriteBoolean("ready", result.Ready);
        if (result.LastStatus is { } code)
        {
            json.WriteStartObject("lastResponse");
            json.WriteNumber("status", code);
            json.WriteString("contentType", result.LastContentType ?? "");
            json.WriteString("body", result.LastBody ?? "");
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static TaskFailure? Failure(AppStatus status) => status.LastFailure is not { } failure ? null : new TaskFailure
    {
        AppId = status.Definition.Id.Path,
        Host = failure.Host,
        Message = failure.Message,
        State = failure.State,
        TaskId = failure.TaskId,
        Timestamp = Timestamps.Write(failure.At),
        Version = Timestamps.Write(failure.Version),
        SlaveId = failure.AgentId,
    };

    private static JsonElement Readiness(AppStatus status, SchedulerSnapshot snapshot)
    {
        var own = status.Instances.Select(instance => instance.TaskId).ToHashSet(StringComparer.Ordinal);
        return JsonText.Element(json =>
        {
            json.WriteStartArray();
            foreach (var result in snapshot.Deployments.Where(deployment => status.DeploymentIds.Contains(deployment.Id))
                .SelectMany(deployment => deployment.ReadinessResults).Where(result => own.Contains(result.TaskId)))
            {
                Write(json, result);
            }

            json.WriteEndArray();
        });
    }
}
