using System.Globalization;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Text;
using LifecycleManager.Runtime;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace LifecycleManager.Metrics.Sources.Servers;

/// <summary>
/// Reads the file of named servers: a mapping a kind, in it a mapping a server. It goes on after an error, so that one look shows
/// them all.
/// </summary>
/// <param name="file">The file's name, for messages; secrets with relative paths are beside it.</param>
internal sealed class SourcesReader(string file)
{
    private const long MaxBytes = 1024 * 1024;
    private const int MaxDepth = 8;
    private readonly List<SourcesProblem> _problems = [];

    /// <summary>Reads a file.</summary>
    /// <returns>The servers, none where there is a problem; and the problems.</returns>
    public static (IReadOnlyList<SourceServer> Servers, IReadOnlyList<SourcesProblem> Problems) ReadFile(string path)
    {
        try
        {
            if (RegularFile.Find(path).Length > MaxBytes)
                return ([], [new SourcesProblem(path, 1, 1, $"the file is longer than {MaxBytes} bytes", null)]);
            return Read(path, RegularFile.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ([], [new SourcesProblem(path, 1, 1, $"the file cannot be read: {e.Message}", null)]);
        }
    }

    /// <summary>Reads a text.</summary>
    /// <inheritdoc cref="ReadFile" path="/returns"/>
    public static (IReadOnlyList<SourceServer> Servers, IReadOnlyList<SourcesProblem> Problems) Read(string file, string text)
    {
        var reader = new SourcesReader(file);
        try
        {
            var servers = reader.Read(text);
            return reader._problems.Count == 0 ? (servers, []) : ([], reader._problems);
        }
        catch (YamlException e)
        {
            var (line, column) = ((int)Math.Max(1, e.Start.Line), (int)Math.Max(1, e.Start.Column));
            return ([], [new SourcesProblem(file, line, column, e.Message.TrimEnd('.'), null)]);
        }
        catch (Exception e)
        {
            // YamlDotNet's scanner gives up on some malformed scalars with exceptions of many kinds.
            return ([], [new SourcesProblem(file, 1, 1, $"could not be parsed as YAML: {e.Message}", null)]);
        }
    }

    /// <summary>Adds a problem.</summary>
    public void Error(YamlNode at, string message, string? suggestion = null) =>
        _problems.Add(new SourcesProblem(
            file, (int)Math.Max(1, at.Start.Line), (int)Math.Max(1, at.Start.Column), message, suggestion));

    /// <summary>The path of a file that is named here.</summary>
    public string PathOf(string name) => name.StartsWith(MetricsCredential.Variable, StringComparison.Ordinal)
        ? name : Path.GetFullPath(name, Path.GetDirectoryName(Path.GetFullPath(file))!);

    private List<SourceServer> Read(string text)
    {
        // A tree is built and walked by recursion, so that its depth is looked at first; an alias could make it endless.
        var parser = new Parser(new StringReader(text));
        for (var depth = 0; parser.MoveNext();)
        {
            depth += parser.Current!.NestingIncrease;
            if (depth > MaxDepth) throw new YamlException(parser.Current.Start, parser.Current.End, "this nests too deeply");
            if (parser.Current is AnchorAlias)
                throw new YamlException(parser.Current.Start, parser.Current.End, "aliases are not taken here: write it out");
        }

        var yaml = new YamlStream();
        yaml.Load(new StringReader(text));
        var servers = new List<SourceServer>();
        if (yaml.Documents.Count == 0) return servers;
        if (yaml.Documents.Count > 1) Error(yaml.Documents[1].RootNode, "the file has more than one document");
        if (yaml.Documents[0].RootNode is not YamlMappingNode root)
        {
            Error(yaml.Documents[0].RootNode, "a mapping of kinds is needed",
                "prometheus: { main: { url: http://prometheus:9090 } }");
            return servers;
        }

        foreach (var (key, value) in root.Children) ReadKind(key, value, servers);
        return servers;
    }

    private void ReadKind(YamlNode key, YamlNode value, List<SourceServer> servers)
    {
        var word = (key as YamlScalarNode)?.Value ?? "";
        if (word.StartsWith("x-", StringComparison.Ordinal)) return;
        var kind = SourceWords.Kinds.FirstOrDefault(kind => kind.Kind == word);
        if (kind.Kind is null)
        {
            Error(key, $"there is no kind '{word}' of servers",
                NearestName.Suggest(word, SourceWords.Kinds.Select(known => known.Kind)));
            return;
        }

        if (value is not YamlMappingNode named)
        {
            Error(value, $"'{word}' must be a mapping of names", $"{word}: {{ main: {{ url: ... }} }}");
            return;
        }

        foreach (var (name, settings) in named.Children)
        {
            if (new SourceServerSection(this, kind.Kind, kind.Source).Read(name, settings) is { } server) servers.Add(server);
        }
    }

    /// <summary>A text that tells whether two nodes say the same.</summary>
    public static string Digest(YamlNode node) => node switch
    {
        YamlScalarNode { Value: var value } => string.Create(CultureInfo.InvariantCulture, $"{value?.Length}:{value}"),
        YamlSequenceNode list => $"[{string.Concat(list.Select(Digest))}]",
        YamlMappingNode map => $"{{{string.Concat(map.Children.Select(pair => Digest(pair.Key) + Digest(pair.Value)))}}}",
        _ => "",
    };
}
