using System.Buffers;
using System.Globalization;
using System.Text.Json;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Resources;

/// <summary>
/// Mesos' syntax for resources: <c>name(role):value</c>, separated by semicolons, where a value is a number,
/// <c>[begin-end, ...]</c> or <c>{item, ...}</c>. A list in Mesos' JSON is taken too.
/// </summary>
internal static class ResourceText
{
    private static readonly SearchValues<char> NotInNames = SearchValues.Create("()[]{}, \t");

    /// <summary>Parses resources; equal names and roles are added up.</summary>
    /// <exception cref="FormatException">The text is not resources; the message names the part.</exception>
    public static IReadOnlyList<Resource> Parse(string text)
    {
        var trimmed = text.Trim();
        if (trimmed.StartsWith('[')) return ParseJson(trimmed);
        var resources = new List<Resource>();
        foreach (var part in Parts(trimmed)) resources.Add(ParseOne(part));
        foreach (var twice in resources.GroupBy(resource => (resource.Name, RoleOf(resource))).Where(group => group.Count() > 1))
            throw new FormatException($"resources: '{twice.Key.Name}' is stated twice");
        return resources;
    }

    /// <summary>The role that a resource is reserved for, <c>*</c> when it is not.</summary>
    public static string RoleOf(Resource resource) =>
        resource.Reservations is { Count: > 0 } stack ? stack[^1].Role ?? "*" : resource.Role ?? "*";

    /// <summary>The parts between semicolons.</summary>
    internal static IEnumerable<string> Parts(string text) =>
        text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>A value by its shape; null when it is none of number, ranges and set.</summary>
    internal static (ResourceType Type, Scalar? Scalar, Ranges? Ranges, ValueSet? Set)? Value(string text, string what)
    {
        if (text.StartsWith('[')) return (ResourceType.Ranges, null, RangesOf(text, what), null);
        if (text.StartsWith('{')) return (ResourceType.Set, null, null, SetOf(text, what));
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)) return null;
        if (!double.IsFinite(number)) throw new FormatException($"{what}: {text} is not a finite number");
        return (ResourceType.Scalar, new Scalar(Thousandths(number)), null, null);
    }

    private static Resource ParseOne(string part)
    {
        var colon = part.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0) throw new FormatException($"resources: '{part}' is not name:value");
        var name = part[..colon].Trim();
        string? role = null;
        if (name.EndsWith(')'))
        {
            var open = name.IndexOf('(', StringComparison.Ordinal);
            if (open <= 0) throw new FormatException($"resources: '{part}' is not name(role):value");
            role = name[(open + 1)..^1].Trim();
            name = name[..open].Trim();
            if (role.Length == 0) throw new FormatException($"resources: '{part}' has an empty role");
        }

        if (name.Length == 0 || name.AsSpan().ContainsAny(NotInNames))
            throw new FormatException($"resources: '{part}' has a name that is none");
        if (Value(part[(colon + 1)..].Trim(), $"resources: '{name}'") is not { } value)
            throw new FormatException($"resources: '{part}' has a value that is no number, [ranges] or {{set}}");
        var resource = new Resource
        {
            Name = name,
            Type = value.Type,
            Scalar = value.Scalar,
            Ranges = value.Ranges,
            Set = value.Set
        };
        Check(resource);
        return role is null or "*"
            ? resource : resource with { Reservations = [new ReservationInfo { Type = "STATIC", Role = role }] };
    }

    private static void Check(Resource resource)
    {
        var expected = resource.Name switch
        {
            "cpus" or "mem" or "disk" or "gpus" => ResourceType.Scalar,
            "ports" => ResourceType.Ranges,
            _ => resource.Type,
        };
        if (resource.Type != expected)
            throw new FormatException($"resources: '{resource.Name}' is not {expected.ToString().ToLowerInvariant()}");
        if (resource.Scalar is { Value: < 0 }) throw new FormatException($"resources: '{resource.Name}' is negative");
        if (resource.Name == "gpus" && resource.Scalar is { } gpus && gpus.Value != Math.Floor(gpus.Value))
            throw new FormatException("resources: 'gpus' is not whole");
        if (resource.Name == "ports" && resource.Ranges!.Range.Any(range => range.End > ushort.MaxValue))
            throw new FormatException("resources: 'ports' has a port over 65535");
    }

    private static List<Resource> ParseJson(string text)
    {
        try
        {
            var resources = JsonSerializer.Deserialize(text, MesosJson.Strict.ListResource) ?? [];
            foreach (var resource in resources)
            {
                var values = (resource.Scalar is null ? 0 : 1) + (resource.Ranges is null ? 0 : 1)
                    + (resource.Set is null ? 0 : 1);
                if (values != 1) throw new FormatException($"resources: '{resource.Name}' needs the one value of its type");
                Check(resource);
            }

            return resources;
        }
        catch (JsonException e)
        {
            throw new FormatException($"resources: not Mesos' JSON at {e.Path}: {e.Message}", e);
        }
    }

    private static Ranges RangesOf(string text, string what)
    {
        if (!text.EndsWith(']')) throw new FormatException($"{what}: '{text}' lacks its ']'");
        var ranges = new List<ValueRange>();
        foreach (var item in text[1..^1].Split(',', StringSplitOptions.TrimEntries))
        {
            var ends = item.Split('-', StringSplitOptions.TrimEntries);
            if (ends.Length is < 1 or > 2
                || !ulong.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var begin)
                || !ulong.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var end))
                throw new FormatException($"{what}: '{item}' is not begin-end");
            if (begin > end) throw new FormatException($"{what}: '{item}' begins after its end");
            ranges.Add(new ValueRange(begin, end));
        }

        return new Ranges(Merge(ranges));
    }

    private static ValueSet SetOf(string text, string what)
    {
        if (!text.EndsWith('}')) throw new FormatException($"{what}: '{text}' lacks its '}}'");
        var items = text[1..^1].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (items.Distinct().Count() != items.Length) throw new FormatException($"{what}: '{text}' names an item twice");
        return new ValueSet(items);
    }

    private static List<ValueRange> Merge(List<ValueRange> ranges)
    {
        var merged = new List<ValueRange>();
        foreach (var range in ranges.OrderBy(range => range.Begin))
        {
            if (merged.Count > 0 && (merged[^1].End == ulong.MaxValue || range.Begin <= merged[^1].End + 1))
                merged[^1] = merged[^1] with { End = Math.Max(merged[^1].End, range.End) };
            else merged.Add(range);
        }

        return merged;
    }

    private static double Thousandths(double number) => Math.Round(number * 1000) / 1000;
}
