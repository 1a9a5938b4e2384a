using System.Globalization;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Primitives.Text;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>Reads the keys of one mapping, and complains of those that nobody asked for.</summary>
internal sealed class MapReader
{
    private readonly Dictionary<string, (YamlScalar Key, YamlNode Value)> _entries = new(StringComparer.Ordinal);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly ProblemSink _problems;

    public MapReader(YamlMap map, ProblemSink problems, string what)
    {
        _problems = problems;
        Map = map;
        What = what;
        foreach (var (key, value) in map.Entries)
        {
            if (!_entries.TryAdd(key.Value, (key, value)))
            {
                problems.Error(key, $"'{key.Value}' is given twice", $"first on line {_entries[key.Value].Key.Start.Line}",
                    "duplicate-key");
            }
        }
    }

    public YamlMap Map { get; }

    public string What { get; }

    public IEnumerable<string> Keys => _entries.Keys;

    /// <summary>The value of a key; null where it is absent.</summary>
    public YamlNode? Find(string key)
    {
        _asked.Add(key);
        return _entries.TryGetValue(key, out var entry) ? entry.Value : null;
    }

    public YamlScalar KeyOf(string key) => _entries[key].Key;

    /// <summary>The value of a key that must be there.</summary>
    public YamlNode? Need(string key, string? hint = null)
    {
        var value = Find(key);
        if (value is null) _problems.Error(Map, $"{What} needs '{key}'", hint, "missing-key");
        return value;
    }

    /// <summary>Complains of the keys that nobody asked for. Keys that start with <c>x-</c> are free.</summary>
    public void Done(params string[] alsoKnown)
    {
        foreach (var (name, (key, _)) in _entries)
        {
            if (_asked.Contains(name) || name.StartsWith("x-", StringComparison.Ordinal)) continue;
            _problems.Error(key, $"{What} has no key '{name}'", NearestName.Suggest(name, _asked.Concat(alsoKnown)),
                "unknown-key");
        }
    }

    public MapReader? Sub(string key, string what) => Find(key) is { } node ? AsMap(node, what, _problems) : null;

    public static MapReader? AsMap(YamlNode node, string what, ProblemSink problems)
    {
        if (node is YamlMap map) return new MapReader(map, problems, what);
        problems.Error(node, $"{what} must be a mapping, not {node.Kind}", null, "type");
        return null;
    }

    public string? Text(string key) => Find(key) is { } node ? AsText(node, key) : null;

    public string? AsText(YamlNode node, string key)
    {
        if (node is YamlScalar { IsNull: false } scalar) return scalar.Value;
        _problems.Error(node, $"'{key}' must be a text, not {node.Kind}", null, "type");
        return null;
    }

    public int? Integer(string key, int least, int most = 1_000_000)
    {
        if (Find(key) is not { } node) return null;
        if (node is YamlScalar scalar && int.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
            out var value)
            && value >= least && value <= most)
        {
            return value;
        }

        _problems.Error(node, $"'{key}' must be a whole number from {least} to {most}, not {node.Kind}", null, "type");
        return null;
    }

    /// <summary>A number, a percent or a duration (in seconds).</summary>
    public double? Number(string key, bool positive = false)
    {
        if (Find(key) is not { } node) return null;
        if (node is YamlScalar scalar && TryNumber(scalar.Value, out var value) && (!positive || value > 0)) return value;
        _problems.Error(node, $"'{key}' must be a {(positive ? "positive " : "")}number, not {node.Kind}",
            "write 0.6, 60% or 250ms", "type");
        return null;
    }

    public static bool TryNumber(string text, out double value)
    {
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value))
            return true;
        if (text.EndsWith('%') && double.TryParse(text[..^1], NumberStyles.Float, CultureInfo.InvariantCulture, out value)
            && double.IsFinite(value))
        {
            value /= 100;
            return true;
        }

        if (!DurationText.TryParse(text, out var duration)) return false;
        value = duration.TotalSeconds;
        return true;
    }

    public TimeSpan? Duration(string key, bool positive = false)
    {
        if (Find(key) is not { } node) return null;
        if (node is YamlScalar scalar && DurationText.TryParse(scalar.Value, out var value)
            && (!positive || value > TimeSpan.Zero)) return value;
        var unit = node is YamlScalar { Value: var text }
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _)
            ? $"add a unit: {text}s"
            : "write 30s, 5m or 1h30m";
        _problems.Error(node, $"'{key}' must be a {(positive ? "positive " : "")}duration, not {node.Kind}", unit, "type");
        return null;
    }

    public bool? Flag(string key)
    {
        if (Find(key) is not { } node) return null;
        if (node is YamlScalar { Value: "true" or "false" } scalar) return scalar.Value == "true";
        _problems.Error(node, $"'{key}' must be true or false, not {node.Kind}", null, "type");
        return null;
    }

    public T? Choice<T>(string key, IReadOnlyList<(string Word, T Value)> choices)
        where T : struct
    {
        if (Find(key) is not { } node) return null;
        if (node is YamlScalar scalar)
        {
            foreach (var (word, value) in choices)
            {
                if (word == scalar.Value) return value;
            }
        }

        _problems.Error(
            node,
            $"'{key}' must be {string.Join(", ", choices.Take(choices.Count - 1).Select(c => c.Word))} or {choices[^1].Word}, not {node.Kind}",
            node is YamlScalar { Value: var word1 } ? NearestName.Suggest(word1, choices.Select(c => c.Word)) : null,
            "type");
        return null;
    }
}
