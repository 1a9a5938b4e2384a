using System.Text.Json.Serialization;
using LifecycleManager.Security;

namespace LifecycleManager.Manager.Auditing;

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
