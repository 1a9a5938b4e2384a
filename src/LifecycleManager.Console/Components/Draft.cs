using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LifecycleManager.Console.Components;

/// <summary>What a field of a form holds.</summary>
public enum FieldKind
{
    /// <summary>A text.</summary>
    Text,

    /// <summary>A text of several lines.</summary>
    Lines,

    /// <summary>A whole number.</summary>
    Count,

    /// <summary>A number.</summary>
    Number,
}

/// <summary>
/// A definition while a person fills in a form: the form is a view of some of its fields, and what it does not show stays as it
/// is. What is typed and is no value stays typed.
/// </summary>
/// <param name="root">The definition; it is changed.</param>
public sealed class Draft(JsonObject root)
{
    private readonly Dictionary<string, (string Typed, string Message)> _wrong = new(StringComparer.Ordinal);

    /// <summary>The definition.</summary>
    public JsonObject Root { get; } = root;

    /// <summary>What is typed and is no value, by the pointers of its fields.</summary>
    public IEnumerable<(string Pointer, string Message)> Wrong => _wrong.Select(wrong => (wrong.Key, wrong.Value.Message));

    /// <summary>A field's path as JSON Pointer has it.</summary>
    public static string Pointer(IEnumerable<string> path) =>
        string.Concat(path.Select(part =>
            "/" + part.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)));

    /// <summary>The value at a path; null where there is none.</summary>
    public JsonNode? At(IReadOnlyList<string> path) => path.Aggregate((JsonNode?)Root, Step);

    /// <summary>What a field shows.</summary>
    public string Text(IReadOnlyList<string> path) => _wrong.TryGetValue(Pointer(path), out var wrong) ? wrong.Typed
        : At(path) is not { } value ? ""
        : value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString();

    /// <summary>What is wrong with what is typed into a field; null where nothing is.</summary>
    public string? WrongAt(IReadOnlyList<string> path) => _wrong.GetValueOrDefault(Pointer(path)).Message;

    /// <summary>Takes what is typed into a field; nothing takes it out.</summary>
    public void Type(IReadOnlyList<string> path, FieldKind kind, string typed)
    {
        _wrong.Remove(Pointer(path));
        if (typed.Trim().Length == 0)
        {
            Put(path, null);
            return;
        }

        JsonNode? value = kind switch
        {
            FieldKind.Count => int.TryParse(typed, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count)
                ? count : null,
            FieldKind.Number => double.TryParse(typed, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                && double.IsFinite(number) ? number : null,
            _ => typed,
        };
        if (value is null) Refuse(path, typed, $"'{typed}' is no {(kind == FieldKind.Count ? "whole number" : "number")}");
        else Put(path, value);
    }

    /// <summary>Keeps what is typed and is no value.</summary>
    public void Refuse(IReadOnlyList<string> path, string typed, string message) => _wrong[Pointer(path)] = (typed, message);

    /// <summary>Nothing is wrong any more at and below a path.</summary>
    public void Forgive(IReadOnlyList<string> path)
    {
        var pointer = Pointer(path);
        foreach (var below in _wrong.Keys.Where(key =>
            key == pointer || key.StartsWith(pointer + "/", StringComparison.Ordinal)).ToList())
            _wrong.Remove(below);
    }

    /// <summary>
    /// Puts a value at a path, with the objects on the way there; null takes it out, with the objects that are empty then.
    /// </summary>
    public void Put(IReadOnlyList<string> path, JsonNode? value)
    {
        IReadOnlyList<string> above = [.. path.SkipLast(1)];
        var (name, parent) = (path[^1], At(above));
        if (parent is null && value is not null && above.Count > 0) Put(above, parent = new JsonObject());
        if (parent is JsonArray list) list[int.Parse(name, CultureInfo.InvariantCulture)] = value;
        else if (parent is JsonObject fields && value is not null) fields[name] = value;
        else if (parent is JsonObject left && left.Remove(name) && left.Count == 0 && above.Count > 0
            && At([.. above.SkipLast(1)]) is JsonObject)
            Put(above, null);
    }

    /// <summary>The list at a path; made where there is none.</summary>
    public JsonArray List(IReadOnlyList<string> path)
    {
        if (At(path) is JsonArray list) return list;
        list = [];
        Put(path, list);
        return list;
    }

    private static JsonNode? Step(JsonNode? from, string part) => from switch
    {
        JsonObject fields => fields[part],
        JsonArray list when int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && index < list.Count => list[index],
        _ => null,
    };
}
