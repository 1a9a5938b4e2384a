using System.Text.Json;
using System.Text.Json.Serialization;

namespace LifecycleManager.Security;

/// <summary>What a person changed.</summary>
public sealed record AuditEntry
{
    /// <summary>The id; ids grow with time.</summary>
    public required string Id { get; init; }

    /// <summary>When it was stored.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The principal; null where nobody is asked who he is.</summary>
    public string? Who { get; init; }

    /// <summary>
    /// What was done: at the manager a word or two (<c>override</c>, <c>pause</c>, <c>stop</c>), at the scheduler the operation
    /// (<c>PUT /v2/apps/{id}</c>), at the master the call (<c>DRAIN_AGENT</c>), at an agent <c>exec</c>.
    /// </summary>
    public required string What { get; init; }

    /// <summary>The app, the policy, or what else was changed, ids joined by commas; null for all.</summary>
    public string? Subject { get; init; }

    /// <summary>The address that the call came from; null where it is not known.</summary>
    public string? From { get; init; }

    /// <summary>Why, in plain words.</summary>
    public string? Reason { get; init; }

    /// <summary>What was in force before; null for nothing.</summary>
    public JsonElement? Before { get; init; }

    /// <summary>What is in force from then on; null for nothing.</summary>
    public JsonElement? After { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AuditEntry))]
internal sealed partial class AuditEntryJson : JsonSerializerContext;
