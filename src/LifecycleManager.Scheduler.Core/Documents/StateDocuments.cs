using System.Text.Json.Serialization;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Scheduler.Core.Documents;

// The stored shapes, apart from the types that the code works with, so that the one can change without the other. Version 1. What
// ends in "clock" is by the scheduler's clock, in milliseconds; documents of before it was stored have none of it.

internal sealed record StoredSchema(int Version);

internal sealed record StoredFramework(string Id);

/// <summary>How far the scheduler's clock had come.</summary>
internal sealed record StoredClock(long Clock);

/// <summary>When the manager, whose policies own counts, was last heard.</summary>
internal sealed record StoredCountLease(long HeardClock);

/// <param name="App">The app whose launches wait.</param>
/// <param name="Config">The configuration that the delay is about.</param>
/// <param name="Delay">The delay that the last failure caused, milliseconds.</param>
/// <param name="FailedClock">When that was.</param>
internal sealed record StoredDelay(string App, string Config, long Delay, long FailedClock);

/// <param name="App">The definition.</param>
/// <param name="LastScalingAt">The version that last changed the count.</param>
/// <param name="LastConfigChangeAt">The version that last changed anything else.</param>
/// <param name="CountOwner">The policy that owns the count.</param>
/// <param name="Versions">The stored versions, newest first.</param>
/// <param name="Suspended">A person has ordered 0 instances.</param>
/// <param name="CreatedAt">The version that made the app; documents of before it was stored have none.</param>
internal sealed record StoredApp(
    App App, string LastScalingAt, string LastConfigChangeAt, string? CountOwner = null, IReadOnlyList<string>? Versions = null,
    bool? Suspended = null, string? CreatedAt = null);

internal sealed record StoredGroups(string Version, IReadOnlyList<StoredGroup> Groups);

internal sealed record StoredGroup(string Id, string Version, IReadOnlyList<string>? Dependencies = null,
    bool? EnforceRole = null);

internal sealed record StoredInstance
{
    public required string TaskId { get; init; }

    public required string App { get; init; }

    public required string Version { get; init; }

    public required string Config { get; init; }

    public required string AgentId { get; init; }

    public required string Host { get; init; }

    public IReadOnlyList<int?>? Ports { get; init; }

    public IReadOnlyDictionary<string, string>? Attributes { get; init; }

    public string? Region { get; init; }

    public string? Zone { get; init; }

    public string? Role { get; init; }

    public required string State { get; init; }

    public bool? Ending { get; init; }

    public long? DrainClock { get; init; }

    /// <summary>How long it is kept from getting work before it is killed.</summary>
    public double? DrainSeconds { get; init; }

    public required string StagedAt { get; init; }

    public long? StagedClock { get; init; }

    public string? StartedAt { get; init; }

    public long? StartedClock { get; init; }

    public required string Since { get; init; }

    public string? UnreachableSince { get; init; }

    public long? UnreachableClock { get; init; }

    public IReadOnlyList<StoredAddress>? Addresses { get; init; }

    public string? ContainerId { get; init; }

    public bool? AgentHealthy { get; init; }

    /// <summary>Of a pod's instance: its tasks.</summary>
    public IReadOnlyList<StoredTask>? Tasks { get; init; }

    public bool? NotReady { get; init; }

    public bool? NotPassed { get; init; }

    public bool? Moves { get; init; }
}

internal sealed record StoredTask(
    string Name, string State, string Since, bool? Healthy = null, string? HealthySince = null, string? ContainerId = null,
    string? Message = null);

internal sealed record StoredAddress(string Address, string Protocol);

internal sealed record StoredDeployment
{
    public required string Id { get; init; }

    public required string Version { get; init; }

    public required string CreatedAt { get; init; }

    public string? Reason { get; init; }

    public required IReadOnlyList<StoredStep> Steps { get; init; }

    public long? CreatedClock { get; init; }

    public required int CurrentStep { get; init; }

    public required string StepStartedAt { get; init; }

    public long? StepStartedClock { get; init; }

    /// <summary>The affected apps with the version before; null for new ones.</summary>
    public required IReadOnlyDictionary<string, string?> Before { get; init; }

    public bool? Rollback { get; init; }

    public bool? BlueGreen { get; init; }

    public double? PatienceSeconds { get; init; }

    public string? HeldSince { get; init; }

    public long? HeldClock { get; init; }

    /// <summary>While it is paused: the instances of the new version by app.</summary>
    public IReadOnlyDictionary<string, int>? Frozen { get; init; }

    public bool? Promoted { get; init; }
}

/// <param name="Actions">What goes on side by side.</param>
/// <param name="Pause">The rest after it: seconds, negative until it is promoted.</param>
internal sealed record StoredStep(IReadOnlyList<StoredAction> Actions, double? Pause = null);

internal sealed record StoredAction(string Action, string App, string? Stage = null, bool? Pod = null);

/// <summary>One version of the tree: which apps came to which version, from which. Walking back gives every older tree.</summary>
internal sealed record StoredChange
{
    public required string Version { get; init; }

    public required IReadOnlyList<StoredAppChange> Apps { get; init; }

    /// <summary>The groups before the change, where it changed them.</summary>
    public StoredGroups? GroupsBefore { get; init; }
}

/// <param name="App">The app.</param>
/// <param name="Before">Its version before; null for a new one.</param>
/// <param name="After">Its version after; null for a removed one.</param>
/// <param name="Versions">Of a removed one: its stored versions, which are forgotten together with this change.</param>
internal sealed record StoredAppChange(string App, string? Before, string? After, IReadOnlyList<string>? Versions = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StoredSchema))]
[JsonSerializable(typeof(StoredFramework))]
[JsonSerializable(typeof(StoredClock))]
[JsonSerializable(typeof(StoredCountLease))]
[JsonSerializable(typeof(StoredDelay))]
[JsonSerializable(typeof(StoredApp))]
[JsonSerializable(typeof(StoredGroups))]
[JsonSerializable(typeof(StoredInstance))]
[JsonSerializable(typeof(StoredDeployment))]
[JsonSerializable(typeof(StoredChange))]
internal sealed partial class StoredJson : JsonSerializerContext;
