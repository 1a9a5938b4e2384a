using System.Text;
using System.Text.Json;

namespace LifecycleManager.Security;

/// <summary>A value of a JSON text that knows its line, so that whoever refuses it can say where it stands.</summary>
internal sealed class PlacedJson
{
    private static readonly JsonReaderOptions Options = new()
    {
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
        MaxDepth = 16,
    };

    private PlacedJson(int line) => Line = line;

    /// <summary>The line where it begins, from 1.</summary>
    public int Line { get; }

    /// <summary>The text; null where it is none.</summary>
    public string? Text { get; private init; }

    /// <summary>Whether it is <c>null</c>.</summary>
    public bool IsNull { get; private init; }

    /// <summary>The items of a list; null where it is none.</summary>
    public IReadOnlyList<PlacedJson>? Items { get; private init; }

    /// <summary>The members of an object, in order; null where it is none. A name is there once.</summary>
    public IReadOnlyList<(string Name, PlacedJson Value)>? Members { get; private init; }

    /// <summary>A member's value; null where there is none, or <c>null</c>.</summary>
    public PlacedJson? this[string name] =>
        Members?.FirstOrDefault(member => member.Name == name).Value is { IsNull: false } value ? value : null;

    /// <summary>Reads a text.</summary>
    /// <exception cref="FormatException">It is no JSON, or an object has a name twice; the message quotes no value.</exception>
    public static PlacedJson Parse(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var reader = new Utf8JsonReader(bytes, Options);
        var lines = new Lines(bytes);
        try
        {
            reader.Read();
            var value = Read(ref reader, lines);
            reader.Read();
            return value;
        }
        catch (JsonException e)
        {
            // The message of the parser may quote the file.
            throw new FormatException($"line {(e.LineNumber ?? 0) + 1}: it could not be parsed as JSON", e);
        }
    }

    /// <summary>That it is not as it should be.</summary>
    public FormatException Wrong(string at, string problem) => new($"line {Line}: {at}: {problem}");

    private static PlacedJson Read(ref Utf8JsonReader reader, Lines lines)
    {
        var line = lines.Of(reader.TokenStartIndex);
        switch (reader.TokenType)
        {
            case JsonTokenType.String: return new PlacedJson(line) { Text = reader.GetString() };
            case JsonTokenType.Null: return new PlacedJson(line) { IsNull = true };
            case JsonTokenType.StartArray:
                var items = new List<PlacedJson>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) items.Add(Read(ref reader, lines));
                return new PlacedJson(line) { Items = items };
            case JsonTokenType.StartObject:
                var members = new List<(string Name, PlacedJson Value)>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var name = reader.GetString()!;
                    var at = lines.Of(reader.TokenStartIndex);
                    if (members.Exists(member => member.Name == name))
                        throw new FormatException($"line {at}: '{name}' is there twice");
                    reader.Read();
                    members.Add((name, Read(ref reader, lines)));
                }

                return new PlacedJson(line) { Members = members };
            default: return new PlacedJson(line);
        }
    }

    /// <summary>Counts lines as far as it was asked; what is asked only grows.</summary>
    private sealed class Lines(byte[] text)
    {
        private int _at;
        private int _line = 1;

        public int Of(long index)
        {
            for (; _at < index; _at++)
                if (text[_at] == '\n') _line++;
            return _line;
        }
    }
}
