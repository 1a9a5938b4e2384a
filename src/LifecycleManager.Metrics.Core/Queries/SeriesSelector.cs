using System.Text;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>How a label matcher compares.</summary>
public enum MatchKind
{
    /// <summary><c>=</c></summary>
    Equal,

    /// <summary><c>!=</c></summary>
    NotEqual,

    /// <summary><c>=~</c>, anchored at both ends.</summary>
    Matches,

    /// <summary><c>!~</c>, anchored at both ends.</summary>
    DoesNotMatch,
}

/// <summary>
/// One condition on a label. A label that a series does not have counts as empty, as in Prometheus. The values of <c>le</c> and
/// <c>quantile</c> are numbers: <c>le="1"</c> is <c>1.0</c> too, and a regular expression is tried on both spellings.
/// </summary>
public sealed class LabelMatcher
{
    private readonly LinearRegex? _regex;
    private readonly string _normal;
    private readonly bool _isNumber;

    /// <summary>Makes a matcher.</summary>
    /// <exception cref="ArgumentException">The regular expression is malformed, or uses what takes unbounded time.</exception>
    public LabelMatcher(string label, MatchKind kind, string value)
    {
        (Label, Kind, Value) = (label, kind, value);
        Spellings = MetricNameEscaping.Spellings(label);
        _isNumber = NumericLabel.Is(label);
        _normal = _isNumber ? NumericLabel.Normalize(value) : value;
        if (kind is not (MatchKind.Matches or MatchKind.DoesNotMatch)) return;
        try
        {
            _regex = LinearRegex.Parse(value);
        }
        catch (FormatException e)
        {
            throw new ArgumentException(e.Message, nameof(value), e);
        }
    }

    /// <summary>The label's name.</summary>
    public string Label { get; }

    /// <summary>How it compares.</summary>
    public MatchKind Kind { get; }

    /// <summary>What it compares with.</summary>
    public string Value { get; }

    /// <summary>Under which names endpoints give the label: its own first, then what escaping makes of it.</summary>
    public IReadOnlyList<string> Spellings { get; }

    /// <summary>Whether a label value fulfils it.</summary>
    public bool Accepts(string value) => Kind switch
    {
        MatchKind.Equal => IsEqual(value),
        MatchKind.NotEqual => !IsEqual(value),
        MatchKind.Matches => IsMatch(value),
        _ => !IsMatch(value),
    };

    private bool IsEqual(string value) => value == Value || (_isNumber && NumericLabel.Normalize(value) == _normal);

    private bool IsMatch(string value)
    {
        if (_regex!.IsMatch(value)) return true;
        if (!_isNumber) return false;
        var normal = NumericLabel.Normalize(value);
        return _regex.IsMatch(normal)
            || (normal.EndsWith(".0", StringComparison.Ordinal) && _regex.IsMatch(normal.AsSpan(0, normal.Length - 2)));
    }
}

/// <summary>
/// A metric's name with label matchers: <c>http_server_requests_seconds_count{uri="/search",status=~"2.."}</c>. Names may have
/// dots and dashes, since the actuator's do; any other stands in quotes, as in Prometheus 3:
/// <c>{"my metric", "zone name"="c"}</c>.
/// </summary>
public sealed class SeriesSelector
{
    private SeriesSelector(string name, IReadOnlyList<LabelMatcher> matchers) => (Name, Matchers) = (name, matchers);

    /// <summary>The metric's name.</summary>
    public string Name { get; }

    /// <summary>The conditions, all of which must hold.</summary>
    public IReadOnlyList<LabelMatcher> Matchers { get; }

    /// <summary>Reads a selector.</summary>
    /// <param name="text">The text.</param>
    /// <param name="selector">The selector.</param>
    /// <param name="error">What is wrong and at which character, from 1.</param>
    public static bool TryParse(string text, out SeriesSelector? selector, out string? error)
    {
        selector = null;
        var reader = new Reader(text);
        var matchers = new List<LabelMatcher>();
        var name = reader.Name();
        if (name.Length == 0 && !reader.IsAt('{')) return reader.Fail("a metric name is needed", out error);
        if (reader.Take('{'))
        {
            for (var first = true; !reader.Take('}'); first = false)
            {
                if (!first && !reader.Take(',')) return reader.Fail("',' or '}' is needed", out error);
                if (reader.Take('}')) break;
                var quoted = reader.Text();
                var label = quoted ?? reader.Name();
                if (label.Length == 0) return reader.Fail("a label name is needed", out error);
                if (quoted is not null && (reader.IsAt(',') || reader.IsAt('}')))
                {
                    // A quoted text alone is the metric's name.
                    if (name.Length > 0) return reader.Fail("the metric has a name already", out error);
                    name = quoted;
                    continue;
                }

                if (!reader.Operator(out var kind)) return reader.Fail("one of = != =~ !~ is needed", out error);
                if (reader.Text() is not { } value) return reader.Fail("a quoted value is needed", out error);
                try
                {
                    matchers.Add(new LabelMatcher(label, kind, value));
                }
                catch (ArgumentException e)
                {
                    return reader.Fail($"the regular expression cannot be used: {e.Message}", out error);
                }
            }
        }

        if (name.Length == 0) return new Reader(text).Fail("a metric name is needed", out error);
        if (!reader.AtEnd) return reader.Fail("nothing may follow the selector", out error);
        selector = new SeriesSelector(name, matchers);
        error = null;
        return true;
    }

    /// <summary>Whether a series with these labels is selected; names are not compared.</summary>
    public bool Accepts(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var matcher in Matchers)
        {
            if (!matcher.Accepts(Value(labels, matcher.Spellings))) return false;
        }

        return true;
    }

    private static string Value(IReadOnlyDictionary<string, string> labels, IReadOnlyList<string> spellings)
    {
        for (var i = 0; i < spellings.Count; i++)
        {
            if (labels.TryGetValue(spellings[i], out var value)) return value;
        }

        return "";
    }

    private ref struct Reader(string text)
    {
        private int _at;

        public bool AtEnd
        {
            get
            {
                SkipBlanks();
                return _at == text.Length;
            }
        }

        public bool IsAt(char c)
        {
            SkipBlanks();
            return _at < text.Length && text[_at] == c;
        }

        public string Name()
        {
            SkipBlanks();
            var start = _at;
            while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] is '_' or ':' or '.' or '-' or '/'))
                _at++;
            return text[start.._at];
        }

        public bool Take(char c)
        {
            if (!IsAt(c)) return false;
            _at++;
            return true;
        }

        public bool Operator(out MatchKind kind)
        {
            kind = MatchKind.Equal;
            if (Take('!'))
            {
                kind = MatchKind.NotEqual;
                if (_at < text.Length && text[_at] == '~') kind = MatchKind.DoesNotMatch;
                else if (_at >= text.Length || text[_at] != '=') return false;
                _at++;
                return true;
            }

            if (!Take('=')) return false;
            if (_at < text.Length && text[_at] == '~')
            {
                kind = MatchKind.Matches;
                _at++;
            }

            return true;
        }

        public string? Text()
        {
            SkipBlanks();
            if (_at == text.Length || text[_at] is not ('"' or '\'')) return null;
            var quote = text[_at++];
            var value = new StringBuilder();
            while (_at < text.Length && text[_at] != quote)
            {
                var c = text[_at++];
                if (c == '\\' && _at < text.Length && text[_at] is '\\' or '"' or '\'' or 'n')
                    c = text[_at++] is var e && e == 'n' ? '\n' : e;
                value.Append(c);
            }

            if (_at == text.Length) return null;
            _at++;
            return value.ToString();
        }

        public bool Fail(string message, out string? error)
        {
            error = $"{message} at character {_at + 1} of {text}";
            return false;
        }

        private void SkipBlanks()
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at])) _at++;
        }
    }
}
