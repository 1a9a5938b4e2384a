using System.Text.Json;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>
/// Reads the actuator's <c>/health</c>: Boot 1 has its components beside the status, Boot 2 and 3 below <c>components</c> (2.0:
/// <c>details</c>).
/// </summary>
internal static class HealthText
{
    /// <summary>
    /// The status of the whole, or of a component by its path (<c>db</c>, <c>db/primary</c>); null where there is no such
    /// component.
    /// </summary>
    /// <exception cref="JsonException">Malformed; with its place or with what is wrong.</exception>
    public static string? Status(ReadOnlyMemory<byte> json, string? component) =>
        UntrustedJson.Read(json, root => Status(root, component));

    private static string? Status(JsonElement root, string? component)
    {
        JsonElement? at = root;
        if (at.Value.ValueKind != JsonValueKind.Object || Field(at, "status") is not { ValueKind: JsonValueKind.String })
            throw new JsonException("health has a status");
        foreach (var name in (component ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            at = Field(Field(at, "components"), name) ?? Field(Field(at, "details"), name)
                ?? (name == "status" ? null : Field(at, name));
        }

        return Field(at, "status") is { ValueKind: JsonValueKind.String } status ? status.GetString() : null;
    }

    private static JsonElement? Field(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } found && found.TryGetProperty(name, out var value) ? value : null;
}
