using System.Text;
using System.Text.Json;

namespace LifecycleManager.Console.Clients;

/// <summary>Where in a text of JSON something is: for what a role says of a path, and for a person who looks at lines.</summary>
internal static class JsonPlaces
{
    /// <summary>
    /// The parts of a path as the scheduler writes it, <c>/healthChecks(0)/path</c> or <c>/env(KEY)</c>, and as JSON Pointer has
    /// it.
    /// </summary>
    public static IReadOnlyList<string> Parts(string path) =>
        [.. path.Split('/', '(', ')').Where(part => part.Length > 0).Select(part => part.Replace("~1", "/").Replace("~0", "~"))];

    /// <summary>Where a path's value begins, or that of the nearest part above it that is there; from 1.</summary>
    /// <exception cref="JsonException">The text is no JSON.</exception>
    public static (int Line, int Column) Of(string text, IReadOnlyList<string> path)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var reader = new Utf8JsonReader(bytes);
        long found = 0;
        reader.Read();

        // Down one part at a time, and past all that is beside the way.
        foreach (var part in path)
        {
            if (reader.TokenType == JsonTokenType.PropertyName) reader.Read();
            if (!IsContainer(reader.TokenType) || !Enter(ref reader, part, ref found)) break;
        }

        return Place(bytes, (int)found);
    }

    /// <summary>Where a reader failed, from 1.</summary>
    public static (int Line, int Column) Of(JsonException problem) =>
        ((int)(problem.LineNumber ?? 0) + 1, (int)(problem.BytePositionInLine ?? 0) + 1);

    private static bool IsContainer(JsonTokenType type) => type is JsonTokenType.StartObject or JsonTokenType.StartArray;

    /// <summary>From a container's beginning to the name, or the element, of a part; false where it has none.</summary>
    private static bool Enter(ref Utf8JsonReader reader, string part, ref long found)
    {
        var isList = reader.TokenType == JsonTokenType.StartArray;
        for (var index = 0; reader.Read() && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray); index++)
        {
            if (isList ? part == $"{index}" : reader.ValueTextEquals(part))
            {
                found = reader.TokenStartIndex;
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    private static (int Line, int Column) Place(byte[] text, int at)
    {
        var before = text.AsSpan(0, at);
        var begin = before.LastIndexOf((byte)'\n') + 1;
        return (before.Count((byte)'\n') + 1, Encoding.UTF8.GetCharCount(before[begin..]) + 1);
    }
}
