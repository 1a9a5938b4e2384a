using System.Globalization;
using System.Text;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>A block of HCL: attributes and blocks within.</summary>
internal sealed class HclBlock(string type, IReadOnlyList<string> labels)
{
    public string Type => type;

    /// <summary>The first label; null for none.</summary>
    public string? Label => labels.Count > 0 ? labels[0] : null;

    public Dictionary<string, string> Attributes { get; } = new(StringComparer.Ordinal);

    public List<HclBlock> Blocks { get; } = [];

    public HclBlock? Find(string name) => Blocks.FirstOrDefault(block => block.Type == name);

    public double? Number(string key) =>
        Attributes.TryGetValue(key, out var text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture,
            out var value) ? value : null;

    public IEnumerable<HclBlock> All(string name) =>
        Blocks.SelectMany(block => (block.Type == name ? [block] : Enumerable.Empty<HclBlock>()).Concat(block.All(name)));
}

/// <summary>
/// As much of HCL as scaling blocks are written in: blocks, attributes, strings, here-documents, comments. Bounded in depth.
/// </summary>
internal sealed class Hcl
{
    private readonly string _text;
    private int _at;

    private Hcl(string text) => _text = text;

    /// <exception cref="FormatException">The text is not of that kind; the message has the line.</exception>
    public static HclBlock Parse(string text)
    {
        var hcl = new Hcl(text);
        var root = new HclBlock("", []);
        hcl.Body(root, 0);
        return root;
    }

    private void Body(HclBlock block, int depth)
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

            var name = _text[_at] == '"' ? Quoted() : Word();
            Skip();
            if (_at < _text.Length && _text[_at] is '=' or ':')
            {
                _at++;
                Skip();
                block.Attributes[name] = Value();
                continue;
            }

            var labels = new List<string>();
            while (_at < _text.Length && _text[_at] != '{')
            {
                labels.Add(_text[_at] == '"' ? Quoted() : Word());
                Skip();
            }

            if (_at >= _text.Length) throw Wrong($"'{name}' is neither an attribute nor a block");
            _at++;
            var child = new HclBlock(name, labels);
            block.Blocks.Add(child);
            Body(child, depth + 1);
        }
    }

    private string Value()
    {
        if (_at >= _text.Length) throw Wrong("a value is missing");
        if (_text[_at] == '"') return Quoted();
        if (_text.AsSpan(_at).StartsWith("<<")) return HereDocument();
        var from = _at;
        var nested = 0;
        for (; _at < _text.Length; _at++)
        {
            var c = _text[_at];
            if (c is '[' or '{' or '(') nested++;
            else if (c is ']' or '}' or ')' && nested-- == 0) break;
            else if (c is '\n' or '#' && nested == 0) break;
        }

        return _text[from.._at].Trim().TrimEnd(',');
    }

    private string HereDocument()
    {
        var line = _text.IndexOf('\n', _at);
        var end = _text.AsSpan(_at, Math.Max(0, line - _at)).TrimStart('<').TrimStart('-').Trim().ToString();
        if (line < 0 || end.Length == 0) throw Wrong("a here-document has no end");
        var text = new StringBuilder();
        _at = line + 1;
        while (_at < _text.Length)
        {
            var stop = _text.IndexOf('\n', _at);
            if (stop < 0) stop = _text.Length;
            var row = _text[_at..stop];
            _at = Math.Min(stop + 1, _text.Length);
            if (row.Trim() == end) return text.ToString().Trim();
            text.Append(row.Trim()).Append(' ');
        }

        throw Wrong("a here-document has no end");
    }

    private string Quoted()
    {
        var text = new StringBuilder();
        for (_at++; _at < _text.Length && _text[_at] != '"'; _at++)
        {
            if (_text[_at] == '\\' && _at + 1 < _text.Length) _at++;
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

    private FormatException Wrong(string message) =>
        new($"line {_text.AsSpan(0, Math.Min(_at, _text.Length)).Count('\n') + 1}: {message}");
}
