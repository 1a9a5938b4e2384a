using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace LifecycleManager.Runtime.Documents;

/// <summary>YAML as the JSON that it stands for, by YAML's core schema. Aliases, which can grow without bound, are
/// refused.</summary>
public static class YamlJson
{
    private const int MaxDepth = 64;

    /// <summary>Reads one document.</summary>
    /// <exception cref="YamlException">It is none.</exception>
    public static JsonNode? Read(string text)
    {
        var parser = new Parser(new StringReader(text));
        parser.Consume<StreamStart>();
        if (parser.TryConsume<StreamEnd>(out _)) return null;
        parser.Consume<DocumentStart>();
        var node = Node(parser, 0);
        parser.Consume<DocumentEnd>();
        if (parser.Accept<DocumentStart>(out var more))
            throw new YamlException(more.Start, more.End, "a second document begins: only one is taken");
        return node;
    }

    private static JsonNode? Node(Parser parser, int depth)
    {
        if (depth > MaxDepth) throw At(parser, $"it is nested deeper than {MaxDepth}");
        if (parser.TryConsume<YamlDotNet.Core.Events.Scalar>(out var scalar)) return Value(scalar);
        if (parser.TryConsume<SequenceStart>(out _))
        {
            var array = new JsonArray();
            while (!parser.TryConsume<SequenceEnd>(out _)) array.Add(Node(parser, depth + 1));
            return array;
        }

        if (!parser.TryConsume<MappingStart>(out _)) throw At(parser, "an alias stands here: write what it means");
        var json = new JsonObject();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (!parser.TryConsume<YamlDotNet.Core.Events.Scalar>(out var key)) throw At(parser, "a name is needed here");
            if (json.ContainsKey(key.Value)) throw new YamlException(key.Start, key.End, $"'{key.Value}' is there twice");
            json[key.Value] = Node(parser, depth + 1);
        }

        return json;
    }

    private static YamlException At(Parser parser, string message) =>
        new(parser.Current?.Start ?? default, parser.Current?.End ?? default, message);

    private static JsonValue? Value(YamlDotNet.Core.Events.Scalar scalar)
    {
        var text = scalar.Value;
        if (scalar.Style != ScalarStyle.Plain) return JsonValue.Create(text);
        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" => JsonValue.Create(true),
            "false" or "False" or "FALSE" => JsonValue.Create(false),
            _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) =>
                JsonValue.Create(whole),
            _ when text.Any(char.IsAsciiDigit) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture,
                out var number) && double.IsFinite(number) => JsonValue.Create(number),
            _ => JsonValue.Create(text),
        };
    }
}
