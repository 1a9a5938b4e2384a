using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace LifecycleManager.Cli.Commands.Operating.Output;

/// <summary>JSON as YAML that reads back as the same: a text that looks like another type stands in quotes.</summary>
internal static class YamlText
{
    private static readonly HashSet<string> Words =
        new(["true", "false", "yes", "no", "on", "off", "null", "y", "n"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Writes a document.</summary>
    public static void Write(JsonNode? json, TextWriter output)
    {
        var emitter = new Emitter(output);
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart());
        Emit(emitter, json);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
    }

    private static void Emit(Emitter emitter, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject json:
                emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, true,
                    json.Count == 0 ? MappingStyle.Flow : MappingStyle.Block));
                foreach (var (name, value) in json)
                {
                    Text(emitter, name);
                    Emit(emitter, value);
                }

                emitter.Emit(new MappingEnd());
                break;
            case JsonArray array:
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, true,
                    array.Count == 0 ? SequenceStyle.Flow : SequenceStyle.Block));
                foreach (var item in array) Emit(emitter, item);
                emitter.Emit(new SequenceEnd());
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                Text(emitter, value.GetValue<string>());
                break;
            default:
                emitter.Emit(new YamlDotNet.Core.Events.Scalar(node?.ToJsonString() ?? "null"));
                break;
        }
    }

    private static void Text(Emitter emitter, string text) => emitter.Emit(new YamlDotNet.Core.Events.Scalar(
        AnchorName.Empty, TagName.Empty, text, IsPlain(text) ? ScalarStyle.Plain : ScalarStyle.DoubleQuoted, true, true));

    private static bool IsPlain(string text) => text.Length > 0 && (char.IsAsciiLetter(text[0]) || text[0] == '/')
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_') && !Words.Contains(text);
}
