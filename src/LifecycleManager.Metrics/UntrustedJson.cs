using System.Text.Json;

namespace LifecycleManager.Metrics;

/// <summary>Reads JSON that comes from outside.</summary>
internal static class UntrustedJson
{
    /// <summary>Parses a document and reads it; whatever is wrong is a <see cref="JsonException"/>.</summary>
    public static T Read<T>(ReadOnlyMemory<byte> json, Func<JsonElement, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return read(document.RootElement);
        }
        catch (InvalidOperationException e)
        {
            throw BadText(e);
        }
    }

    /// <summary>Texts that are no UTF-8, or half of a surrogate pair, are found only when they are taken out.</summary>
    public static JsonException BadText(InvalidOperationException e) => new("a text is not valid UTF-8 or UTF-16", e);

    /// <summary>Where the JSON is malformed, or what is wrong with it.</summary>
    public static string Describe(JsonException e) =>
        e.LineNumber is { } line ? $"malformed JSON at line {line + 1}, byte {(e.BytePositionInLine ?? 0) + 1}" : e.Message;
}
