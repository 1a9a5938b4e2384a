using System.Text.Json;
using System.Text.Json.Serialization;

namespace LifecycleManager.Manager.Auditing;

/// <summary>What a person changed.</summary>
internal sealed record AuditEntry
{
    /// <summary>The id; ids grow with time.</summary>
    public required string Id { get; init; }

    /// <summary>When it was stored.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The principal; null where nobody is asked who he is.</summary>
    public string? Who { get; init; }

    /// <summary>What was done: <c>override</c>, <c>override lifted</c>, <c>pause</c>, <c>resume</c>, <c>stop</c>,
    /// <c>start</c>, <c>policy ended</c>.</summary>
    public required string What { get; init; }

    /// <summary>The app or the policy; null for all.</summary>
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

/// <summary>One page, newest first.</summary>
/// <param name="Entries">The entries.</param>
/// <param name="Next">What to give as <c>before</c> for the next page; null on the last.</param>
internal sealed record AuditPage(IReadOnlyList<AuditEntry> Entries, string? Next)
{
    /// <summary>
    /// Where they are from: <c>table</c>, as far back as it is kept; <c>state</c>, the bounded number that the state keeps.
    /// </summary>
    public required string Source { get; init; }

    /// <summary>Why the table could not be read, so that older entries may lack; null where it was, or there is none.</summary>
    public string? Problem { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IReadOnlyList<AuditEntry>))]
[JsonSerializable(typeof(AuditPage))]
internal sealed partial class AuditJson : JsonSerializerContext;
