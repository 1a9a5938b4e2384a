using System.Globalization;
using LifecycleManager.Decisions.Policies.Reading;
using LifecycleManager.Primitives.Text;
using YamlDotNet.Core;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>
/// One mapping of the source. Whoever reads a key asks for it by name; what nobody asked for is reported as lost at the end
/// (<see cref="ImportLog.Finish"/>). A value that cannot be read is reported and never replaced.
/// </summary>
internal sealed class Section
{
    private readonly Dictionary<string, (YamlScalar Key, YamlNode Value)> _entries;
    private readonly HashSet<string> _asked;
    private readonly List<Section> _parts = [];
    private readonly ImportLog _log;
    private readonly Mark? _place;
    private bool _isDropped;

    /// <summary>Opens a mapping.</summary>
    /// <param name="map">The mapping; of HCL its blocks are entries too, of which a name may have several.</param>
    /// <param name="log">Gets what is lost.</param>
    /// <param name="path">What messages call it: <c>spec.behavior</c>.</param>
    /// <param name="place">The place that messages name; null for each node's own. For texts within a text.</param>
    /// <param name="names">How keys are compared.</param>
    public Section(YamlMap map, ImportLog log, string path, Mark? place = null, StringComparer? names = null)
    {
        (_log, _place, Path, Map, Names) = (log, place, path, map, names ?? StringComparer.Ordinal);
        _entries = new Dictionary<string, (YamlScalar, YamlNode)>(Names);
        _asked = new HashSet<string>(Names);
        foreach (var (key, value) in map.Entries)
        {
            if (!_entries.TryAdd(key.Value, (key, value)) && value is not HclBlock)
                log.Lost(Place(key), $"'{Name(key.Value)}' is given twice; the first one was read");
        }

        log.Open(this);
    }

    public string Path { get; }

    public YamlMap Map { get; }

    public StringComparer Names { get; }

    public ImportLog Log => _log;

    public Mark At => Place(Map);

    public IEnumerable<string> Keys => _entries.Keys;

    /// <summary>Where a key is; the mapping's place where it is not there.</summary>
    public Mark PlaceOf(string key) => _entries.TryGetValue(key, out var entry) ? Place(entry.Key) : At;

    /// <summary>Whether a key is there with a value. It does not count as asked for.</summary>
    public bool Has(string key) => _entries.TryGetValue(key, out var entry) && entry.Value is not YamlScalar { IsNull: true };

    /// <summary>The value of a key; null where it is absent or null.</summary>
    public YamlNode? Find(string key)
    {
        _asked.Add(key);
        return Has(key) ? _entries[key].Value : null;
    }

    /// <summary>A mapping within; null where there is none, or where it is none, which is reported.</summary>
    public Section? Sub(string key, StringComparer? names = null)
    {
        if (Find(key) is not { } node) return null;
        if (node is HclBlock block)
        {
            foreach (var (again, _) in Map.Entries.Where(entry => Names.Equals(entry.Key.Value, key)).Skip(1))
                _log.Lost(Place(again), $"'{Name(key)}' is given twice; the first one was read");
            return Open(block.Body, Name(key), names);
        }

        if (node is YamlMap map) return Open(map, Name(key), names);
        Unreadable(key, "a mapping", node);
        return null;
    }

    /// <summary>The mappings of a list; what is none is reported.</summary>
    public List<Section> List(string key)
    {
        var sections = new List<Section>();
        if (Find(key) is not { } node) return sections;
        if (node is not YamlList list)
        {
            Unreadable(key, "a list", node);
            return sections;
        }

        for (var i = 0; i < list.Items.Count; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{Name(key)}[{i}]");
            if (list.Items[i] is YamlMap map) sections.Add(Open(map, name, null));
            else _log.Lost(Place(list.Items[i]), $"'{name}' must be a mapping, not {list.Items[i].Kind}");
        }

        return sections;
    }

    /// <summary>The blocks of a name, of HCL.</summary>
    public List<(HclBlock Block, Section Body)> Blocks(string name)
    {
        _asked.Add(name);
        var blocks = new List<(HclBlock, Section)>();
        foreach (var (key, value) in Map.Entries.Where(entry => Names.Equals(entry.Key.Value, name)))
        {
            if (value is HclBlock block) blocks.Add((block, Open(block.Body, Name(name), null)));
            else _log.Lost(Place(key), $"'{Name(name)}' must be a block, not {value.Kind}");
        }

        return blocks;
    }

    /// <summary>The texts of a list.</summary>
    public List<string> Texts(string key)
    {
        var texts = new List<string>();
        if (Find(key) is not { } node) return texts;
        if (node is not YamlList list)
        {
            Unreadable(key, "a list", node);
            return texts;
        }

        foreach (var item in list.Items)
        {
            if (item is YamlScalar { IsNull: false } scalar) texts.Add(scalar.Value);
            else _log.Lost(Place(item), $"'{Name(key)}' must be a list of texts");
        }

        return texts;
    }

    /// <summary>A text; null where there is none, or where it is none, which is reported.</summary>
    public string? Text(string key)
    {
        if (Find(key) is not { } node) return null;
        if (node is YamlScalar scalar && !(scalar is HclScalar { IsExpression: true })) return scalar.Value;
        Unreadable(key, "a text", node);
        return null;
    }

    /// <summary>A text that must be there.</summary>
    public string? Need(string key)
    {
        if (Find(key) is null) _log.Lost(At, $"'{Path}' needs '{key}'");
        return Text(key);
    }

    /// <summary>A whole number.</summary>
    /// <returns>False where the value cannot be read, which is reported.</returns>
    public bool Whole(string key, out int? value, int least = 0, int most = 1_000_000)
    {
        value = null;
        if (Find(key) is not { } node) return true;
        if (node is YamlScalar scalar && int.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
            out var number) && number >= least && number <= most)
        {
            value = number;
            return true;
        }

        Unreadable(key, $"a whole number from {least} to {most}", node);
        return false;
    }

    /// <summary>A number with a point.</summary>
    /// <returns>False where the value cannot be read, which is reported.</returns>
    public bool Number(string key, out double? value)
    {
        value = null;
        if (Find(key) is not { } node) return true;
        if (node is YamlScalar scalar && double.TryParse(scalar.Value, NumberStyles.Float, CultureInfo.InvariantCulture,
            out var number) && double.IsFinite(number))
        {
            value = number;
            return true;
        }

        Unreadable(key, "a number", node);
        return false;
    }

    /// <summary>A Kubernetes quantity.</summary>
    /// <returns>False where the value cannot be read, which is reported.</returns>
    public bool Quantity(string key, out Quantity? value)
    {
        value = null;
        if (Find(key) is not { } node) return true;
        if (node is YamlScalar scalar && Import.Quantity.TryParse(scalar.Value, out var quantity))
        {
            value = quantity;
            return true;
        }

        Unreadable(key, "a quantity such as 500m, 2k or 1Gi", node);
        return false;
    }

    /// <summary>A flag; null where there is none, or where it cannot be read, which is reported.</summary>
    public bool? Flag(string key)
    {
        if (Find(key) is not { } node) return null;
        if (node is YamlScalar { Value: var word } && bool.TryParse(word, out var flag)) return flag;
        Unreadable(key, "true or false", node);
        return null;
    }

    /// <summary>Reports keys that have no counterpart.</summary>
    public void Lost(string why, params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
        {
            if (Find(key) is not null) _log.Lost(PlaceOf(key), $"'{Name(key)}' {why}");
        }
    }

    /// <summary>Reports keys that are carried with another meaning, or elsewhere.</summary>
    public void Changed(string why, params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
        {
            if (Find(key) is not null) _log.Changed(PlaceOf(key), $"'{Name(key)}' {why}");
        }
    }

    /// <summary>Reports keys that decide no count.</summary>
    public void Harmless(string why, params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
        {
            if (Find(key) is not null) _log.Harmless(PlaceOf(key), $"'{Name(key)}' {why}");
        }
    }

    /// <summary>Reports the mapping as lost as a whole; its keys are not reported one by one.</summary>
    public void Drop(string why)
    {
        _log.Lost(At, Path.Length > 0 ? $"'{Path}' {why}" : $"it {why}");
        Close();
    }

    /// <summary>Reports a key whose value is no good, and where.</summary>
    public void Wrong(string key, string why) => _log.Lost(PlaceOf(key), $"'{Name(key)}' {why}");

    /// <summary>Reports the keys that nobody asked for.</summary>
    public void Done()
    {
        if (_isDropped) return;
        foreach (var (name, (key, value)) in _entries)
        {
            if (_asked.Contains(name) || value is YamlScalar { IsNull: true }) continue;
            var hint = NearestName.Of(name, _asked) is { } meant ? $" (did you mean '{meant}'?)" : "";
            _log.Lost(Place(key), $"'{Name(name)}' has no counterpart and was left out{hint}");
        }
    }

    private void Close()
    {
        _isDropped = true;
        foreach (var part in _parts) part.Close();
    }

    private Section Open(YamlMap map, string path, StringComparer? names)
    {
        var section = new Section(map, _log, path, _place, names ?? Names);
        _parts.Add(section);
        return section;
    }

    private void Unreadable(string key, string wanted, YamlNode node) =>
        _log.Lost(Place(node), $"'{Name(key)}' must be {wanted}, not {node.Kind}");

    private string Name(string key) => Path.Length == 0 ? key : $"{Path}.{key}";

    private Mark Place(YamlNode node) => _place ?? node.Start;
}
