using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Runtime.Documents;
using YamlDotNet.Core;

namespace LifecycleManager.Cli.Commands.Operating.Definitions;

/// <summary>A definition as its author has it: JSON or YAML, from a file or from standard input.</summary>
internal static class DefinitionFile
{
    /// <summary>The largest file that is read: 16 MB, more than a scheduler takes.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>Reads a file; <c>-</c> is standard input.</summary>
    /// <exception cref="CliException">It cannot be read, or is no definition.</exception>
    public static async Task<JsonNode> ReadAsync(string path, CancellationToken stop)
    {
        var name = path == "-" ? "standard input" : Output.SafeText.Line(path);
        if (Directory.Exists(path))
            throw new CliException($"{name} is a directory: name a file of it, or several one after the other");
        byte[] bytes;
        try
        {
            await using var stream = path == "-" ? System.Console.OpenStandardInput() : File.OpenRead(path);
            bytes = await BytesAsync(stream, name, stop);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CliException($"{name} cannot be read: {e.Message}", e);
        }

        var text = Decode(bytes, name);
        if (string.IsNullOrWhiteSpace(text)) throw new CliException($"{name} is empty: a definition in JSON or YAML is needed");
        var definition = Parse(text, name);
        return definition is JsonObject or JsonArray ? definition
            : throw new CliException($"{name} holds no definition: an object, or a list of them, is needed");
    }

    private static JsonNode? Parse(string text, string name)
    {
        if (text.TrimStart() is not ['{' or '[', ..]) return Yaml(text, name);
        try
        {
            return JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException e)
        {
            var place = e.LineNumber is { } line ? $"{name}:{line + 1}:{e.BytePositionInLine + 1}" : name;
            throw new CliException($"{place}: it is no JSON: {Sentence(e.Message)}", e);
        }
    }

    private static JsonNode? Yaml(string text, string name)
    {
        try
        {
            return YamlJson.Read(text);
        }
        catch (YamlException e)
        {
            throw new CliException($"{name}:{e.Start.Line}:{e.Start.Column}: it is no YAML: {e.Message}", e);
        }
    }

    // What the place has said already.
    private static string Sentence(string message) =>
        message.IndexOf(" Path: ", StringComparison.Ordinal) is > 0 and var at ? message[..at]
        : message.IndexOf(" LineNumber: ", StringComparison.Ordinal) is > 0 and var line ? message[..line] : message;

    private static string Decode(byte[] bytes, string name)
    {
        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
            return text.TrimStart('\ufeff');
        }
        catch (DecoderFallbackException e)
        {
            throw new CliException($"{name} is no text in UTF-8: a definition in JSON or YAML is needed", e);
        }
    }

    private static async Task<byte[]> BytesAsync(Stream stream, string name, CancellationToken stop)
    {
        using var all = new MemoryStream();
        var block = new byte[64 * 1024];
        for (int read; (read = await stream.ReadAsync(block, stop)) > 0;)
        {
            if (all.Length + read > MaxBytes) throw new CliException($"{name} is larger than 16 MB, which no scheduler takes");
            all.Write(block, 0, read);
        }

        return all.ToArray();
    }
}
