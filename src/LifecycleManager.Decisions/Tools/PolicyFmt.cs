using System.Text;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Policies.Reading;
using YamlDotNet.Core;

namespace LifecycleManager.Decisions.Tools;

/// <summary>
/// <c>lcm policy fmt</c>: policy files in one form: the keys in one order, a metric a line, short mappings in braces, comments
/// kept with what they stand by. What the file says is compared before and after; a file that would change its meaning is left
/// alone.
/// </summary>
public static class PolicyFmt
{
    private const int MaxLine = 120;

    private static readonly string[] TopKeys =
    [
        "policy", "coordination", "budget", "schedules", "description", "app", "apps", "priority", "instances", "cpus", "memory",
        "zone", "scrape", "metrics", "rules", "scaleOut", "scaleIn",
        "cooldown", "startup", "onMissingMetrics",
        "pause", "dryRun",
    ];

    private static readonly string[] RuleKeys = ["rule", "description", "when", "for", "step", "target", "forecast", "schedule",
        "then"];

    private static readonly string[] ScheduleKeys =
    [
        "name", "description", "app", "once", "cron", "every", "rrule", "start", "exdate", "rdate", "zone", "days",
        "instances", "min", "max", "scrape", "metrics", "until", "latest", "for", "then",
        "misfire", "before", "after", "dryRun",
    ];

    /// <summary>Formats files; directories stand for the policy files in them.</summary>
    /// <param name="paths">Files and directories.</param>
    /// <param name="check">Whether to change nothing and only tell which files would change.</param>
    /// <param name="output">Gets the names of files that changed, or would.</param>
    /// <param name="error">Gets what is wrong.</param>
    /// <param name="files">Where files are read and written; null for the disk.</param>
    /// <returns>0 done, or nothing to do; 1 with <paramref name="check"/>, files would change; 2 a file could not be
    /// formatted.</returns>
    public static int Run(IEnumerable<string> paths, bool check, TextWriter output, TextWriter error, IPolicyFiles? files = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);
        files ??= DiskFiles.Instance;
        var whole = files.TryExpand(paths, PolicyDirectory.IsPolicyFile, error, out var found);
        var changed = 0;
        foreach (var path in found)
        {
            if (!PolicyDirectory.IsPolicyFile(path))
            {
                // In the form of a policy a test of policies would lose what it says.
                error.WriteLine(
                    $"{path}: it is no policy file by its name (*.yml or *.yaml, not *.test.yml), and stays as it is");
                whole = false;
                continue;
            }

            if (files.TryRead(path, error) is not { } text)
            {
                whole = false;
                continue;
            }

            try
            {
                var formatted = Format(text);
                if (formatted == text) continue;
                changed++;
                output.WriteLine(path);
                if (!check) files.Write(path, formatted);
            }
            catch (Exception e) when (e is YamlSyntaxException or YamlException or InvalidOperationException or IOException
                or UnauthorizedAccessException)
            {
                var place = e is YamlSyntaxException syntax ? $":{syntax.Mark.Line}:{syntax.Mark.Column}" : "";
                error.WriteLine($"{path}{place}: {e.Message}");
                whole = false;
            }
        }

        return !whole ? ExitCodes.Failed : check && changed > 0 ? ExitCodes.Found : ExitCodes.Good;
    }

    /// <summary>The text in its one form.</summary>
    /// <exception cref="InvalidOperationException">The result would say something else; the text must be formatted by
    /// hand.</exception>
    internal static string Format(string text)
    {
        var documents = YamlTree.Read(text);
        if (documents.Count == 0) return text;
        var comments = Comment.In(text);
        var writer = new Writer(text, comments);
        for (var i = 0; i < documents.Count; i++)
        {
            if (i > 0) writer.Line("---");
            writer.Document(documents[i], i + 1 < documents.Count ? (int)documents[i + 1].Start.Line : int.MaxValue);
        }

        var formatted = writer.ToString();
        var after = YamlTree.Read(formatted);
        if (after.Count != documents.Count || !documents.Zip(after).All(pair => Canonical(pair.First) == Canonical(pair.Second))
            || Comment.In(formatted).Count != comments.Count)
        {
            throw new InvalidOperationException("the file cannot be formatted without changing it; format it by hand");
        }

        return formatted;
    }

    private static string Canonical(YamlNode node) => node switch
    {
        YamlScalar scalar => $"{scalar.Value.Length}:{scalar.Value}",
        YamlList list => $"[{string.Join(',', list.Items.Select(Canonical))}]",
        YamlMap map =>
            $"{{{string.Join(',', map.Entries.Select(entry => Canonical(entry.Key) + "=" + Canonical(entry.Value)).Order(StringComparer.Ordinal))}}}",
        _ => "",
    };

    /// <summary>Writes documents with the comments that stood by their entries.</summary>
    private sealed class Writer(string source, List<Comment> comments)
    {
        private readonly StringBuilder _text = new();
        private readonly string[] _lines = source.ReplaceLineEndings("\n").Split('\n');
        private readonly Dictionary<YamlNode, List<Comment>> _before = new(ReferenceEqualityComparer.Instance);
        private readonly Dictionary<YamlNode, List<Comment>> _beside = new(ReferenceEqualityComparer.Instance);
        private int _taken;
        private string _last = "";

        public void Line(string line)
        {
            _text.Append(line).Append('\n');
            _last = line;
        }

        public void Document(YamlNode root, int nextDocument)
        {
            if (root is not YamlMap map) throw new InvalidOperationException("a policy must be a mapping");
            var trailing = Attach(map, nextDocument);
            foreach (var (key, value) in Ordered(map, TopKeys)) Top(key, value, IsTable(map, key));
            foreach (var comment in trailing) Line(comment.Text);
        }

        public override string ToString() => _text.ToString();

        /// <summary>Gives each comment to the entry it stands before or beside; what stands before none is given back.</summary>
        private List<Comment> Attach(YamlMap map, int nextDocument)
        {
            var entries = Entries(map).OrderBy(entry => entry.Start.Line).ThenBy(entry => entry.Start.Column).ToList();
            var trailing = new List<Comment>();
            for (; _taken < comments.Count && comments[_taken].Line < nextDocument; _taken++)
            {
                var comment = comments[_taken];
                var last = entries.FindLast(entry => entry.Start.Line <= comment.Line);
                var next = entries.Find(entry => entry.Start.Line >= comment.Line);
                // A comment that is indented deeper than what follows is still of what came before.
                var owner = comment.Inline || (last is not null && comment.Column > (next?.Start.Column ?? 1)) ? last : next;
                if (owner is null) trailing.Add(comment);
                else (comment.Inline ? _beside : _before).TryAdd(owner, []);
                if (owner is not null) (comment.Inline ? _beside : _before)[owner].Add(comment);
            }

            return trailing;
        }

        /// <summary>The entries that have a line of their own.</summary>
        private static IEnumerable<YamlNode> Entries(YamlMap map)
        {
            foreach (var (key, value) in map.Entries)
            {
                yield return key;
                if (IsTable(map, key) && value is YamlMap table)
                {
                    foreach (var (name, _) in table.Entries) yield return name;
                }

                if (ItemKeys(key) is null || value is not YamlList items) continue;
                foreach (var rule in items.Items.OfType<YamlMap>().SelectMany(rule => rule.Entries)) yield return rule.Key;
            }
        }

        /// <summary>Whether a key's entries have a line each: metrics, and the apps of a coordination.</summary>
        private static bool IsTable(YamlMap map, YamlScalar key) =>
            key.Value == "metrics" || (key.Value == "apps" && map.Entries.Any(entry => entry.Key.Value == "coordination"));

        /// <summary>The order of the keys of a list's items, whose keys have a line each; null for any other list.</summary>
        private static string[]? ItemKeys(YamlScalar key) => key.Value switch
        {
            "rules" => RuleKeys,
            "schedules" => ScheduleKeys,
            _ => null,
        };

        private static IEnumerable<(YamlScalar Key, YamlNode Value)> Ordered(YamlMap map, string[] order) =>
            map.Entries.OrderBy(entry => Array.IndexOf(order, entry.Key.Value) is var place and >= 0 ? place : order.Length);

        private void Top(YamlScalar key, YamlNode value, bool isTable)
        {
            Before(key, "");
            if (isTable && value is YamlMap { Entries.Count: > 0 } table && !IsShort(key, table))
            {
                Line($"{key.Value}:{Beside(key)}");
                foreach (var (name, entry) in table.Entries)
                {
                    Before(name, "  ");
                    Entry("  ", name, entry);
                }
            }
            else if (ItemKeys(key) is { } order && value is YamlList { Items.Count: > 0 } rules
                && rules.Items.All(rule => rule is YamlMap { Entries.Count: > 0 }))
            {
                Line($"{key.Value}:{Beside(key)}");
                foreach (var rule in rules.Items.Cast<YamlMap>())
                {
                    var lead = "  - ";
                    foreach (var (name, part) in Ordered(rule, order))
                    {
                        // A comment over a rule's first key stands over the dash.
                        Before(name, lead == "  - " ? "  " : "    ");
                        Entry(lead, name, part);
                        lead = "    ";
                    }
                }
            }
            else
            {
                Entry("", key, value);
            }
        }

        /// <summary>Apps without comments go in one line, where they fit.</summary>
        private bool IsShort(YamlScalar key, YamlMap table) =>
            key.Value == "apps" && $"apps: {Flow(table)}".Length <= MaxLine
            && !table.Entries.Any(entry => _before.ContainsKey(entry.Key) || _beside.ContainsKey(entry.Key));

        private void Entry(string lead, YamlScalar key, YamlNode value)
        {
            if (value is YamlScalar { IsBlock: true } text && BlockText.Of(source, text) is { } block)
            {
                Line($"{lead}{Scalar(key)}: {block.Header}{Beside(key)}");
                foreach (var content in block.Lines) Line(content.Length == 0 ? "" : new string(' ', lead.Length + 2) + content);
                return;
            }

            var line = $"{lead}{Scalar(key)}: {Value(value)}{Beside(key)}";
            if (value is YamlScalar || (line.Length <= MaxLine && !BlockText.IsIn(value))) Line(line.TrimEnd());
            else Block(lead, key, value);
        }

        private void Block(string lead, YamlScalar key, YamlNode value)
        {
            Line($"{lead}{Scalar(key)}:{Beside(key)}");
            var indent = new string(' ', lead.Length + 2);
            if (value is YamlMap map)
            {
                foreach (var (name, part) in map.Entries) Entry(indent, name, part);
            }
            else if (value is YamlList list)
            {
                foreach (var item in list.Items) Item(indent, item);
            }
        }

        private void Item(string indent, YamlNode item)
        {
            if (item is not YamlMap { Entries.Count: > 0 } map || !BlockText.IsIn(map))
            {
                Line($"{indent}- {Flow(item)}".TrimEnd());
                return;
            }

            var lead = indent + "- ";
            foreach (var (name, part) in map.Entries)
            {
                Entry(lead, name, part);
                lead = indent + "  ";
            }
        }

        private void Before(YamlNode entry, string indent)
        {
            var own = _before.GetValueOrDefault(entry) ?? [];
            var first = own.Count > 0 ? own[0].Line : (int)entry.Start.Line;
            // One blank line is kept where there were any, but not at the start.
            if (first >= 2 && first - 2 < _lines.Length && string.IsNullOrWhiteSpace(_lines[first - 2]) && _text.Length > 0
                && _last is not ("---" or "")) Line("");
            foreach (var comment in own) Line(indent + comment.Text);
        }

        private string Beside(YamlNode entry) =>
            _beside.TryGetValue(entry, out var beside) ? " " + string.Join(' ', beside.Select(comment => comment.Text)) : "";

        /// <summary>After a key of its own line commas and brackets need no quotes.</summary>
        private static string Value(YamlNode node) =>
            node is YamlScalar { Style: ScalarStyle.Plain, Value: var value } && !value.Any(char.IsControl) ? value : Flow(node);

        private static string Flow(YamlNode node) => node switch
        {
            YamlMap map => map.Entries.Count == 0 ? "{}" : "{ "
                + string.Join(", ", map.Entries.Select(entry => $"{Scalar(entry.Key)}: {Flow(entry.Value)}")) + " }",
            YamlList list => list.Items.Count == 0 ? "[]" : "[ " + string.Join(", ", list.Items.Select(Flow)) + " ]",
            YamlScalar scalar => Scalar(scalar),
            _ => "",
        };

        private static string Scalar(YamlScalar scalar)
        {
            var value = scalar.Value;
            if (value.Any(char.IsControl))
            {
                return "\""
                    + string.Concat(value.Select(c => c switch
                    {
                        '"' => "\\\"",
                        '\\' => "\\\\",
                        '\n' => "\\n",
                        '\t' => "\\t",
                        '\r' => "\\r",
                        _ when char.IsControl(c) => $"\\u{(int)c:x4}",
                        _ => c.ToString()
                    })) + "\"";
            }

            var plain = scalar.Style is ScalarStyle.Plain && value.AsSpan().IndexOfAny(",[]{}") < 0
                && !value.Contains(": ", StringComparison.Ordinal) && !value.Contains(" #", StringComparison.Ordinal);
            return plain ? value : "'" + value.Replace("'", "''", StringComparison.Ordinal) + "'";
        }
    }
}
