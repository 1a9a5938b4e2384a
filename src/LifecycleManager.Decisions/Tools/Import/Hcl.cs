using System.Text;
using LifecycleManager.Decisions.Policies.Reading;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>A block of HCL: <c>check "cpu" { ... }</c>.</summary>
internal sealed class HclBlock(Mark start, IReadOnlyList<string> labels, YamlMap body) : YamlNode(start)
{
    /// <summary>The first label; null for none.</summary>
    public string? Label => labels.Count > 0 ? labels[0] : null;

    /// <summary>Its attributes and blocks, in their order.</summary>
    public YamlMap Body => body;

    public override string Kind => "a block";
}

/// <summary>A value of HCL.</summary>
/// <param name="start">Where it starts.</param>
/// <param name="text">The text, without its quotes.</param>
/// <param name="isQuoted">Whether it was written as a string.</param>
internal sealed class HclScalar(Mark start, string text, bool isQuoted)
    : YamlScalar(new Scalar(AnchorName.Empty, TagName.Empty, text, isQuoted ? ScalarStyle.DoubleQuoted : ScalarStyle.Plain, true,
        true, start, start))
{
    /// <summary>Whether only Nomad knows its value: <c>var.max</c>, <c>"${var.app}"</c>.</summary>
    public bool IsExpression => isQuoted
        ? Value.Replace("$${", "", StringComparison.Ordinal).Contains("${", StringComparison.Ordinal)
        : Value is not ("true" or "false") && Value.Length > 0 && !char.IsAsciiDigit(Value[0]) && Value[0] is not ('-' or '.');
}

/// <summary>
/// As much of HCL as scaling blocks are written in: blocks, attributes, strings, here-documents, comments. Bounded in depth.
/// </summary>
internal sealed class Hcl
{
    private readonly string _text;
    private int _at;
    private int _counted;
    private int _line = 1;
    private int _lineStart;

    private Hcl(string text) => _text = text;

    /// <exception cref="ImportException">The text is not of that kind.</exception>
    public static YamlMap Parse(string text)
    {
        var hcl = new Hcl(text);
        var root = new YamlMap(new Mark(0, 1, 1));
        hcl.Body(root, 0);
        return root;
    }

    private void Body(YamlMap block, int depth)
    {
        if (depth > 32) throw Wrong("blocks nest too deep");
        while (true)
        {
            Skip();
            if (_at >= _text.Length)
            {
                if (depth > 0) throw Wrong("a block is not closed");
                return;
            }

            if (_text[_at] == '}')
            {
                if (depth == 0) throw Wrong("'}' closes no block");
                _at++;
                return;
            }

            var start = Here();
            var name = new HclScalar(start, _text[_at] == '"' ? Quoted() : Word(), isQuoted: false);
            SkipSpaces();
            if (_at < _text.Length && _text[_at] is '=' or ':')
            {
                _at++;
                Skip();
                block.Entries.Add((name, Value(depth)));
                continue;
            }

            var labels = new List<string>();
            while (_at < _text.Length && _text[_at] != '{')
            {
                if (_text[_at] == '\n') throw new ImportException(start, $"'{name.Value}' is neither an attribute nor a block");
                labels.Add(_text[_at] == '"' ? Quoted() : Word());
                SkipSpaces();
            }

            if (_at >= _text.Length) throw Wrong($"'{name.Value}' is neither an attribute nor a block");
            _at++;
            var body = new YamlMap(start);
            block.Entries.Add((name, new HclBlock(start, labels, body)));
            Body(body, depth + 1);
        }
    }

    private YamlNode Value(int depth)
    {
        if (_at >= _text.Length) throw Wrong("a value is missing");
        var start = Here();
        if (_text[_at] == '"') return new HclScalar(start, Quoted(), isQuoted: true);
        if (_text.AsSpan(_at).StartsWith("<<")) return new HclScalar(start, HereDocument(), isQuoted: true);
        var from = _at;
        if (_text[_at] == '{')
        {
            try
            {
                _at++;
                var map = new YamlMap(start);
                Body(map, depth + 1);
                return map;
            }
            catch (ImportException)
            {
                // A `for` expression and the like: it is taken as it stands.
                _at = from;
            }
        }

        var nested = 0;
        for (; _at < _text.Length; _at++)
        {
            var c = _text[_at];
            if (c == '"')
            {
                Quoted();
                _at--;
            }
            else if (c is '[' or '{' or '(') nested++;
            else if (c is ']' or '}' or ')' && nested-- == 0) break;
            else if (c is '\n' or '#' or ',' && nested == 0) break;
        }

        return new HclScalar(start, _text[from.._at].Trim(), isQuoted: false);
    }

    private string HereDocument()
    {
        var line = _text.IndexOf('\n', _at);
        var end = _text.AsSpan(_at, Math.Max(0, line - _at)).TrimStart('<').TrimStart('-').Trim().ToString();
        if (line < 0 || end.Length == 0) throw Wrong("a here-document has no end");
        var rows = new List<string>();
        _at = line + 1;
        while (_at < _text.Length)
        {
            var stop = _text.IndexOf('\n', _at);
            if (stop < 0) stop = _text.Length;
            var row = _text[_at..stop];
            _at = Math.Min(stop + 1, _text.Length);
            // A comment of PromQL ends with its line.
            if (row.Trim() == end)
                return string.Join(rows.Exists(one => one.Contains('#', StringComparison.Ordinal)) ? '\n' : ' ', rows).Trim();
            rows.Add(row.Trim());
        }

        throw Wrong("a here-document has no end");
    }

    private string Quoted()
    {
        var text = new StringBuilder();
        for (_at++; _at < _text.Length && _text[_at] != '"'; _at++)
        {
            if (_text[_at] == '\\' && _at + 1 < _text.Length)
            {
                _at++;
                text.Append(_text[_at] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', var same => same });
                continue;
            }

            text.Append(_text[_at]);
        }

        if (_at >= _text.Length) throw Wrong("a string is not closed");
        _at++;
        return text.ToString();
    }

    private string Word()
    {
        var from = _at;
        while (_at < _text.Length && (char.IsLetterOrDigit(_text[_at]) || _text[_at] is '_' or '-' or '.')) _at++;
        return _at > from ? _text[from.._at] : throw Wrong($"unexpected '{_text[_at]}'");
    }

    /// <summary>What a name and its labels stand on is one line.</summary>
    private void SkipSpaces()
    {
        while (_at < _text.Length && _text[_at] != '\n' && char.IsWhiteSpace(_text[_at])) _at++;
    }

    private void Skip()
    {
        while (_at < _text.Length)
        {
            var rest = _text.AsSpan(_at);
            if (char.IsWhiteSpace(rest[0]) || rest[0] == ',') _at++;
            else if (rest[0] == '#' || rest.StartsWith("//"))
                _at = _text.IndexOf('\n', _at) is var line and >= 0 ? line : _text.Length;
            else if (rest.StartsWith("/*"))
                _at = _text.IndexOf("*/", _at + 2, StringComparison.Ordinal) is var end and >= 0 ? end + 2 : _text.Length;
            else return;
        }
    }

    private Mark Here()
    {
        var before = _text.AsSpan(0, Math.Min(_at, _text.Length));
        for (; _counted < before.Length; _counted++)
        {
            if (before[_counted] == '\n') (_line, _lineStart) = (_line + 1, _counted + 1);
        }

        // A value may be read a second time, from before what was counted.
        return before.Length >= _lineStart ? new Mark(before.Length, _line, before.Length - _lineStart + 1)
            : new Mark(before.Length, before.Count('\n') + 1, before.Length - before.LastIndexOf('\n'));
    }

    private ImportException Wrong(string message) => new(Here(), message);
}
