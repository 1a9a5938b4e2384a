using System.Text.Json;
using LifecycleManager.Metrics.Targets;
using LifecycleManager.Runtime;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace LifecycleManager.Metrics.Discovery;

/// <summary>Reads Prometheus' <c>file_sd</c> files, JSON and YAML.</summary>
internal static class FileTargets
{
    private const long MaxBytes = 10 * 1024 * 1024;
    private const int MaxDepth = 16;

    /// <summary>The files of a pattern: a path whose last part may have <c>*</c>, as in Prometheus.</summary>
    public static IReadOnlyList<string> Find(string pattern)
    {
        var directory = Path.GetDirectoryName(Path.GetFullPath(pattern))!;
        return Directory.Exists(directory)
            ? [.. Directory.EnumerateFiles(directory, Path.GetFileName(pattern)).Order(StringComparer.Ordinal)]
            : [];
    }

    /// <summary>Reads one file.</summary>
    /// <exception cref="FormatException">It is malformed; the message has its name and the place.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IReadOnlyList<Target> Read(string path)
    {
        try
        {
            if (RegularFile.Find(path).Length > MaxBytes) throw new FormatException($"longer than {MaxBytes} bytes");
            var groups = Path.GetExtension(path) == ".json" ? Json(File.ReadAllBytes(path)) : Yaml(File.ReadAllText(path));
            return [.. groups.SelectMany(group => group.Read(Path.GetFileName(path)))];
        }
        catch (JsonException e)
        {
            throw new FormatException($"{path}: {UntrustedJson.Describe(e)}", e);
        }
        catch (YamlException e)
        {
            throw new FormatException($"{path}:{e.Start.Line}:{e.Start.Column}: {e.Message}", e);
        }
        catch (Exception e) when (e is FormatException or EmptyFileException)
        {
            throw new FormatException($"{path}: {e.Message}", e);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // A label that stands twice; and YamlDotNet's scanner on some malformed scalars.
            throw new FormatException($"{path}: malformed: {e.Message}", e);
        }
    }

    private static TargetGroup[] Json(byte[] json) => UntrustedJson.Read(json, Json);

    private static TargetGroup[] Json(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Array) throw new FormatException("a list of target groups is needed");
        return [.. root.EnumerateArray().Select((group, i) =>
        {
            if (group.ValueKind != JsonValueKind.Object || !group.TryGetProperty("targets", out var targets)
                || targets.ValueKind != JsonValueKind.Array)
                throw new FormatException($"[{i}].targets: a list of addresses is needed");
            var labels = group.TryGetProperty("labels", out var given) && given.ValueKind == JsonValueKind.Object
                ? given.EnumerateObject().ToDictionary(
                    label => label.Name, label => label.Value.ToString(), StringComparer.Ordinal)
                : [];
            return new TargetGroup([.. targets.EnumerateArray().Select(target => target.ToString())], labels);
        })];
    }

    private static TargetGroup[] Yaml(string text)
    {
        // A tree is built by recursion, so that its depth is looked at first.
        var parser = new Parser(new StringReader(text));
        for (var depth = 0; parser.MoveNext();)
        {
            depth += parser.Current!.NestingIncrease;
            if (depth > MaxDepth)
                throw new FormatException($"line {parser.Current.Start.Line}: nested too deeply for a list of target groups");
        }

        var yaml = new YamlStream();
        yaml.Load(new StringReader(text));
        if (yaml.Documents.Count == 0) return [];
        if (yaml.Documents[0].RootNode is not YamlSequenceNode groups)
            throw new FormatException("a list of target groups is needed");
        return [.. groups.Select((group, i) =>
        {
            var fields = group as YamlMappingNode;
            if (fields is null || !fields.Children.TryGetValue("targets", out var targets)
                || targets is not YamlSequenceNode addresses)
                throw new FormatException($"[{i}].targets: a list of addresses is needed");
            var labels = fields.Children.TryGetValue("labels", out var given) && given is YamlMappingNode map
                ? map.Children.ToDictionary(label => Scalar(label.Key), label => Scalar(label.Value), StringComparer.Ordinal)
                : [];
            return new TargetGroup([.. addresses.Select(Scalar)], labels);
        })];
    }

    private static string Scalar(YamlNode node) =>
        (node as YamlScalarNode)?.Value ?? throw new FormatException($"line {node.Start.Line}: a text is needed");
}
