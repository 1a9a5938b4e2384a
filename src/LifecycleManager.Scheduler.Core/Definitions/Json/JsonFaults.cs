using System.Globalization;
using System.Text;
using System.Text.Json;

namespace LifecycleManager.Scheduler.Core.Definitions.Json;

/// <summary>What is wrong with a text that is no JSON, and where: the reader's own words are not meant for who sent it.</summary>
internal static class JsonFaults
{
    /// <summary>Says what a reader stumbles over that takes neither comments nor a name twice.</summary>
    /// <param name="body">The text; UTF-8, and refused by such a reader.</param>
    /// <param name="maxDepth">The most levels that it may have.</param>
    public static string Explain(ReadOnlySpan<byte> body, int maxDepth)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = int.MaxValue });
        var names = new Stack<HashSet<string>>();
        try
        {
            while (reader.Read())
            {
                if (reader.CurrentDepth >= maxDepth)
                    return $"it has more than {maxDepth} levels{Place(body, (int)reader.TokenStartIndex)}";
                if (reader.TokenType == JsonTokenType.StartObject) names.Push(new HashSet<string>(StringComparer.Ordinal));
                else if (reader.TokenType == JsonTokenType.EndObject) names.Pop();
                else if (reader.TokenType == JsonTokenType.PropertyName && !names.Peek().Add(reader.GetString()!))
                    return $"the field '{Shown(reader.GetString()!)}' is there twice{Place(body, (int)reader.TokenStartIndex)}";
            }

            return "it cannot be read";
        }
        catch (InvalidOperationException)
        {
            return $"a field's name is not valid Unicode{Place(body, (int)reader.TokenStartIndex)}";
        }
        catch (JsonException e)
        {
            var at = OffsetOf(body, e.LineNumber ?? 0, e.BytePositionInLine ?? 0);
            return at >= body.Length ? $"it ends before it is complete{Place(body, body.Length)}"
                : $"{CharacterAt(body, at)} is not expected{Place(body, at)}";
        }
    }

    private static int OffsetOf(ReadOnlySpan<byte> body, long line, long column)
    {
        var start = 0;
        for (; line > 0 && start < body.Length; start++)
            if (body[start] == '\n') line--;
        return (int)Math.Min(body.Length, start + column);
    }

    private static string CharacterAt(ReadOnlySpan<byte> body, int at)
    {
        while (at > 0 && (body[at] & 0xC0) == 0x80) at--;
        _ = Rune.DecodeFromUtf8(body[at..], out var rune, out _);
        return Rune.IsControl(rune) ? $"the character U+{rune.Value:X4}" : $"'{rune}'";
    }

    private static string Shown(string name) => name.Length <= 64 ? name : name[..61] + "...";

    private static string Place(ReadOnlySpan<byte> body, int at)
    {
        var line = body[..at].Count((byte)'\n') + 1;
        var column = at - (body[..at].LastIndexOf((byte)'\n') + 1) + 1;
        return string.Create(CultureInfo.InvariantCulture, $" (line {line}, column {column})");
    }
}
