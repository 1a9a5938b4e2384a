using System.Text.Json.Serialization;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Registry;

/// <summary>What is stored of an agent, under <c>master/agents/ID</c>.</summary>
internal sealed record AgentEntry
{
    /// <summary>The agent as it last registered.</summary>
    public required AgentInfo Info { get; init; }

    /// <summary>What is known of it.</summary>
    public required AgentStanding Standing { get; init; }

    /// <summary>Since when it is unreachable or gone.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Its resources with the reservations made by operations; absent while there are none.</summary>
    public IReadOnlyList<Resource>? Reserved { get; init; }

    /// <summary>Whether an operator has taken it out of the offers.</summary>
    public bool Deactivated { get; init; }

    /// <summary>Set while it drains, or has drained.</summary>
    public DrainEntry? Drain { get; init; }

    /// <summary>Whether the record cannot be read: all that is known is that there is such an agent.</summary>
    [JsonIgnore]
    public bool IsUnreadable => Info.Hostname.Length == 0;

    /// <summary>An agent whose record cannot be read: it may return as any other.</summary>
    public static AgentEntry Unreadable(AgentId id) =>
        new() { Info = new AgentInfo { Id = id, Hostname = "" }, Standing = AgentStanding.Admitted };
}

/// <summary>How an agent drains.</summary>
/// <param name="MaxGracePeriodSeconds">The longest grace period of a task, or null.</param>
/// <param name="MarkGone">Whether it is to be marked gone when it is empty.</param>
/// <param name="Drained">Whether it is empty.</param>
internal sealed record DrainEntry(double? MaxGracePeriodSeconds, bool MarkGone, bool Drained = false);

/// <summary>What the registry knows of an agent.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AgentStanding>))]
internal enum AgentStanding
{
    /// <summary>Registered.</summary>
    Admitted,

    /// <summary>It stopped answering.</summary>
    Unreachable,

    /// <summary>An operator said that it never returns.</summary>
    Gone,
}

/// <summary>What is stored of a framework, under <c>master/frameworks/ID</c>.</summary>
/// <param name="Info">As it last subscribed.</param>
/// <param name="RegisteredAt">When it first did.</param>
/// <param name="RemovedAt">When it was torn down or given up; it can never return.</param>
internal sealed record FrameworkEntry(FrameworkInfo Info, DateTimeOffset RegisteredAt, DateTimeOffset? RemovedAt = null);

/// <summary>What operators have set for roles, under <c>master/roles</c>.</summary>
internal sealed record RolesEntry(IReadOnlyDictionary<string, double> Weights, IReadOnlyList<QuotaConfig> Quotas)
{
    public static readonly RolesEntry Empty = new(new Dictionary<string, double>(), []);
}

/// <summary>A role's quota in Mesos' shape; scalars only.</summary>
internal sealed record QuotaConfig(
    string Role, IReadOnlyDictionary<string, Scalar>? Guarantees = null, IReadOnlyDictionary<string, Scalar>? Limits = null);

/// <summary>When machines are to be away, in Mesos' shape, under <c>master/maintenance</c>.</summary>
internal sealed record MaintenanceSchedule(IReadOnlyList<MaintenanceWindow>? Windows = null);

/// <summary>Machines and the time they are away together.</summary>
internal sealed record MaintenanceWindow(IReadOnlyList<MachineId> MachineIds, Unavailability Unavailability);

/// <summary>A machine by host name or address.</summary>
internal sealed record MachineId(string? Hostname = null, string? Ip = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AgentEntry))]
[JsonSerializable(typeof(FrameworkEntry))]
[JsonSerializable(typeof(RolesEntry))]
[JsonSerializable(typeof(MaintenanceSchedule))]
internal sealed partial class RegistryJson : JsonSerializerContext;
