using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>A YAML node with its place; what the reader walks instead of reflecting over types.</summary>
internal abstract class YamlNode(Mark start)
{
    /// <summary>Where the node starts; lines and columns from 1.</summary>
    public Mark Start => start;

    /// <summary>What the node is, for messages.</summary>
    public abstract string Kind { get; }
}

internal class YamlScalar(Scalar scalar) : YamlNode(scalar.Start)
{
    public string Value => scalar.Value;

    public ScalarStyle Style => scalar.Style;

    /// <summary>Where the scalar ends.</summary>
    public Mark End => scalar.End;

    /// <summary>Whether it is text over several lines that is indented below its key.</summary>
    public bool IsBlock => Style is ScalarStyle.Literal or ScalarStyle.Folded;

    public bool IsNull => Style == ScalarStyle.Plain && Value is "" or "~" or "null";

    public override string Kind => IsNull ? "nothing" : $"'{(Value.Length <= 40 ? Value : Value[..37] + "...")}'";
}

internal sealed class YamlList(Mark start) : YamlNode(start)
{
    public List<YamlNode> Items { get; } = [];

    public override string Kind => "a list";
}

internal sealed class YamlMap(Mark start) : YamlNode(start)
{
    public List<(YamlScalar Key, YamlNode Value)> Entries { get; } = [];

    public override string Kind => "a mapping";
}

/// <summary>A YAML file is wrong.</summary>
internal sealed class YamlSyntaxException(Mark mark, string message) : Exception(message)
{
    public Mark Mark => mark;
}

/// <summary>
/// Composes trees from YamlDotNet's events. It is bounded where the package's own composer is not: depth, so that no nesting
/// overflows the stack, and nodes, so that no chain of aliases grows without end.
/// </summary>
internal static class YamlTree
{
    private const int MaxDepth = 24;
    private const int MaxNodes = 50_000;
    private const string Merge = "<<";

    /// <summary>The place of a character of a text.</summary>
    public static Mark MarkAt(string text, int offset)
    {
        var before = text.AsSpan(0, offset);
        return new Mark(offset, before.Count('\n') + 1, offset - before.LastIndexOf('\n'));
    }

    /// <summary>The documents of a text.</summary>
    /// <exception cref="YamlSyntaxException">The text is not YAML, or is over a bound.</exception>
    public static List<YamlNode> Read(string text)
    {
        if (text.Length > PolicyParser.MaxLength)
        {
            throw new YamlSyntaxException(new Mark(0, 1, 1),
                $"the text has {text.Length} characters; at most {PolicyParser.MaxLength} are read: write several files");
        }

        if (TextEncodings.Foreign(text) is var (at, said)) throw new YamlSyntaxException(MarkAt(text, at), said);
        var parser = new Parser(new StringReader(text));
        try
        {
            var documents = new List<YamlNode>();
            while (parser.MoveNext())
            {
                if (parser.Current is not DocumentStart) continue;
                parser.MoveNext();
                documents.Add(new Composer(parser).Node(0));
            }

            return documents;
        }
        catch (YamlException e)
        {
            var message = e.InnerException?.Message ?? e.Message;
            if (message.Contains("tab", StringComparison.Ordinal) && Tab(text, (int)e.Start.Line) is { } tab)
                throw new YamlSyntaxException(MarkAt(text, tab), "a tab: in YAML blanks alone indent; write two for each level");
            throw new YamlSyntaxException(e.Start, "could not be parsed as YAML: " + char.ToLowerInvariant(message[0])
                + message[1..].TrimEnd('.'));
        }
        catch (Exception e) when (e is not YamlSyntaxException)
        {
            // The package's scanner gives up on some broken texts with other exceptions; the last event is the nearest place
            // known.
            throw new YamlSyntaxException(parser.Current?.Start ?? new Mark(0, 1, 1),
                "could not be parsed as YAML somewhere after here");
        }
    }

    /// <summary>The first tab that indents a line, from a line on; null for none.</summary>
    private static int? Tab(string text, int line)
    {
        var start = 0;
        for (var number = 1; start < text.Length; number++)
        {
            var end = text.IndexOf('\n', start) is >= 0 and var found ? found : text.Length;
            var first = text.AsSpan(start, end - start).IndexOfAnyExcept(' ');
            if (number >= line && first >= 0 && text[start + first] == '\t') return start + first;
            start = end + 1;
        }

        return null;
    }

    private sealed class Composer(Parser parser)
    {
        private readonly Dictionary<AnchorName, YamlNode> _anchors = [];
        private readonly Dictionary<YamlNode, int> _sizes = new(ReferenceEqualityComparer.Instance);
        private int _nodes;

        public YamlNode Node(int depth)
        {
            var at = parser.Current!;
            if (depth > MaxDepth) throw new YamlSyntaxException(at.Start, $"this nests deeper than {MaxDepth}");
            var before = _nodes;
            if (++_nodes > MaxNodes) throw new YamlSyntaxException(at.Start, $"the file has more than {MaxNodes} values");
            switch (at)
            {
                case AnchorAlias alias:
                    if (!_anchors.TryGetValue(alias.Value, out var target))
                    {
                        throw new YamlSyntaxException(at.Start, $"the alias *{alias.Value} has no anchor before it");
                    }

                    _nodes += _sizes[target];
                    return target;
                case Scalar scalar:
                    return Anchored(scalar, new YamlScalar(scalar), before);
                case SequenceStart sequence:
                    var list = new YamlList(sequence.Start);
                    while (parser.MoveNext() && parser.Current is not SequenceEnd) list.Items.Add(Node(depth + 1));
                    return Anchored(sequence, list, before);
                case MappingStart mapping:
                    var map = new YamlMap(mapping.Start);
                    while (parser.MoveNext() && parser.Current is not MappingEnd)
                    {
                        if (parser.Current is not Scalar key)
                            throw new YamlSyntaxException(parser.Current!.Start, "a key must be a word");
                        if (key is { Value: Merge, Style: ScalarStyle.Plain })
                        {
                            throw new YamlSyntaxException(key.Start, "'<<' would merge mappings, and is not read: an alias "
                                + "stands for a whole value (app: *name); write out the keys that are to be the same");
                        }

                        parser.MoveNext();
                        map.Entries.Add((new YamlScalar(key), Node(depth + 1)));
                    }

                    return Anchored(mapping, map, before);
                default:
                    throw new YamlSyntaxException(at.Start, "a value is missing");
            }
        }

        private YamlNode Anchored(NodeEvent e, YamlNode node, int before)
        {
            if (e.Anchor.IsEmpty) return node;
            _anchors[e.Anchor] = node;
            _sizes[node] = _nodes - before;
            return node;
        }
    }
}
