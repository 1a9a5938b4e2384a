using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Documents;

/// <summary>Between what is stored and what the code works with.</summary>
internal static class StateMapping
{
    public static byte[] Write<T>(T document, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(document, type);

    public static T Read<T>(ReadOnlyMemory<byte> bytes, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(bytes.Span, type) ?? throw new JsonException("the stored document is null");

    public static byte[] Write(AppRecord app) => Write(
        new StoredApp(
            app.Definition.Wire,
            Timestamps.Write(app.LastScalingAt),
            Timestamps.Write(app.LastConfigChangeAt),
            app.CountOwner,
            [.. app.Versions.Select(Timestamps.Write)],
            app.IsSuspended ? true : null,
            Timestamps.Write(app.CreatedAt)),
        StoredJson.Default.StoredApp);

    public static AppRecord ReadApp(ReadOnlyMemory<byte> bytes)
    {
        var stored = Read(bytes, StoredJson.Default.StoredApp);
        var record = new AppRecord(
            AppDefinition.FromWire(stored.App), Timestamps.Read(stored.LastScalingAt), Timestamps.Read(stored.LastConfigChangeAt))
        {
            CountOwner = stored.CountOwner,
            IsSuspended = stored.Suspended == true,
            Versions = [.. (stored.Versions ?? []).Select(Timestamps.Read)],
        };

        // Of an app that was stored before this was, the oldest version that is known stands for it, and is stored from then on.
        return record with
        {
            CreatedAt = Read(stored.CreatedAt) ?? record.Versions.Append(record.LastConfigChangeAt).Min(),
        };
    }

    public static byte[] Write(Instance instance) => Write(
        new StoredInstance
        {
            TaskId = instance.TaskId,
            App = instance.AppId.Path,
            Version = Timestamps.Write(instance.Version),
            Config = Timestamps.Write(instance.ConfigVersion),
            AgentId = instance.AgentId,
            Host = instance.Host,
            Ports = instance.Ports.Count == 0 ? null : instance.Ports,
            Attributes = instance.Attributes.Count == 0 ? null : instance.Attributes,
            Region = instance.Region,
            Zone = instance.Zone,
            Role = instance.Role == "*" ? null : instance.Role,
            State = instance.State.ToString(),
            Ending = instance.Goal == InstanceGoal.Ended ? true : null,
            DrainClock = Write(instance.Drain?.Since),
            DrainSeconds = instance.Drain?.For.TotalSeconds,
            StagedAt = Timestamps.Write(instance.StagedAt),
            StagedClock = Write(instance.StagedClock),
            StartedAt = Write(instance.StartedAt),
            StartedClock = Write(instance.StartedClock),
            Since = Timestamps.Write(instance.Since),
            UnreachableSince = Write(instance.UnreachableSince),
            UnreachableClock = Write(instance.UnreachableClock),
            Addresses = instance.Addresses.Count == 0
                ? null
                : [.. instance.Addresses.Select(address => new StoredAddress(address.Address, address.Protocol))],
            ContainerId = instance.ContainerId,
            AgentHealthy = instance.AgentHealthy,
            Tasks = instance.Tasks.Count == 0 ? null :
            [
                .. instance.Tasks.Select(task => new StoredTask(
                    task.Name, task.State.ToString(), Timestamps.Write(task.Since), task.Healthy, Write(task.HealthySince),
                    task.ContainerId, task.Message)),
            ],
            NotReady = instance.Ready ? null : true,
            NotPassed = instance.HasPassed ? null : true,
            Moves = instance.Moves ? true : null,
        },
        StoredJson.Default.StoredInstance);

    /// <summary>An instance; what was not stored by the scheduler's clock counts from now.</summary>
    public static Instance ReadInstance(StoredInstance stored, TimeSpan now)
    {
        return new Instance
        {
            TaskId = stored.TaskId,
            AppId = new AppId(stored.App),
            Version = Timestamps.Read(stored.Version),
            ConfigVersion = Timestamps.Read(stored.Config),
            AgentId = stored.AgentId,
            Host = stored.Host,
            Ports = stored.Ports ?? [],
            Attributes = stored.Attributes ?? Instance.NoAttributes,
            Region = stored.Region,
            Zone = stored.Zone,
            Role = stored.Role ?? "*",
            State = Enum.Parse<InstanceState>(stored.State),
            Goal = stored.Ending == true ? InstanceGoal.Ended : InstanceGoal.Running,
            Drain = stored.DrainSeconds is { } drain
                ? new Drain(Read(stored.DrainClock) ?? now, TimeSpan.FromSeconds(drain)) : null,
            StagedAt = Timestamps.Read(stored.StagedAt),
            StagedClock = Read(stored.StagedClock) ?? now,
            StartedAt = Read(stored.StartedAt),
            Since = Timestamps.Read(stored.Since),
            StartedClock = stored.StartedAt is null ? null : Read(stored.StartedClock) ?? now,
            UnreachableSince = Read(stored.UnreachableSince),
            UnreachableClock = stored.UnreachableSince is null ? null : Read(stored.UnreachableClock) ?? now,
            Addresses = [.. (stored.Addresses ?? []).Select(address => new InstanceAddress(address.Address, address.Protocol))],
            ContainerId = stored.ContainerId,
            AgentHealthy = stored.AgentHealthy,
            Tasks =
            [
                .. (stored.Tasks ?? [])
                .Select(task => new PodTask(task.Name, Enum.Parse<InstanceState>(task.State), Timestamps.Read(task.Since))
                {
                    Healthy = task.Healthy, HealthySince = Read(task.HealthySince), ContainerId = task.ContainerId,
                    Message = task.Message,
                }),
            ],
            Ready = stored.NotReady != true,
            HasPassed = stored.NotPassed != true,
            Moves = stored.Moves == true,
        };
    }

    /// <summary>
    /// A reading of the scheduler's clock as it is stored: rounded up, so that what counts from it comes too early by no
    /// millisecond.
    /// </summary>
    public static long? Write(TimeSpan? clock) => clock is { } value ? (long)Math.Ceiling(value.TotalMilliseconds) : null;

    /// <summary>A stored reading of the scheduler's clock.</summary>
    public static TimeSpan? Read(long? clock) => clock is { } value ? TimeSpan.FromMilliseconds(value) : null;

    private static string? Write(DateTimeOffset? instant) => instant is { } value ? Timestamps.Write(value) : null;

    private static DateTimeOffset? Read(string? text) => text is null ? null : Timestamps.Read(text);
}
