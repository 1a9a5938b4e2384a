using System.Text;
using System.Text.Json;
using LifecycleManager.Metrics.Exposition;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>What an actuator's <c>/metrics</c> turned out to be.</summary>
internal enum ActuatorShape
{
    /// <summary>Boot 1.x: a flat object of numbers, everything at once.</summary>
    Flat,

    /// <summary>Boot 2 and 3: the names; each metric is a document of its own.</summary>
    Names,
}

/// <summary>The answer of an actuator's <c>/metrics</c>.</summary>
/// <param name="Shape">Which it is.</param>
/// <param name="Count">How many numbers or names there are.</param>
/// <param name="Values">The numbers that are looked for, by name; of a flat object.</param>
/// <param name="Names">Those of the names that are looked for; of a list of names.</param>
internal sealed record ActuatorList(
    ActuatorShape Shape, int Count, IReadOnlyDictionary<string, double> Values, IReadOnlySet<string> Names);

/// <summary>Reads the actuator's JSON. Malformed JSON is a <see cref="JsonException"/> with its place.</summary>
internal static class ActuatorText
{
    /// <summary>Reads the answer of <c>/metrics</c>.</summary>
    /// <param name="json">The body.</param>
    /// <param name="wanted">The names that are looked for.</param>
    /// <param name="prefixes">What numbers that are looked for beside them begin with.</param>
    public static ActuatorList ReadList(
        ReadOnlySpan<byte> json, IReadOnlyCollection<string> wanted, IReadOnlyCollection<string>? prefixes = null)
    {
        try
        {
            return ReadAll(json, wanted, prefixes ?? []);
        }
        catch (InvalidOperationException e)
        {
            throw UntrustedJson.BadText(e);
        }
    }

    private static ActuatorList ReadAll(
        ReadOnlySpan<byte> json, IReadOnlyCollection<string> wanted, IReadOnlyCollection<string> prefixes)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        var names = new HashSet<string>(StringComparer.Ordinal);
        var (shape, count) = (ActuatorShape.Flat, 0);
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException("a JSON object is needed");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = Find(ref reader, wanted) ?? Begins(ref reader, prefixes);
            var isNames = reader.ValueTextEquals("names"u8);
            reader.Read();
            if (isNames && reader.TokenType == JsonTokenType.StartArray)
            {
                shape = ActuatorShape.Names;
                for (; reader.Read() && reader.TokenType != JsonTokenType.EndArray; count++)
                {
                    if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray) reader.Skip();
                    else if (reader.TokenType == JsonTokenType.String && Find(ref reader, wanted) is { } found) names.Add(found);
                }
            }
            else if (TryNumber(ref reader, out var value))
            {
                count++;
                if (name is not null) values[name] = value;
            }
            else
            {
                reader.Skip();
            }
        }

        // To the end, so that what follows the object is not overlooked.
        while (reader.Read()) continue;
        return new ActuatorList(shape, count, values, names);
    }

    private static string? Find(ref Utf8JsonReader reader, IReadOnlyCollection<string> wanted)
    {
        foreach (var name in wanted)
        {
            if (reader.ValueTextEquals(name)) return name;
        }

        return null;
    }

    private static string? Begins(ref Utf8JsonReader reader, IReadOnlyCollection<string> prefixes)
    {
        foreach (var prefix in prefixes)
        {
            if (reader.ValueSpan.Length > prefix.Length && Ascii.Equals(reader.ValueSpan[..prefix.Length], prefix))
                return reader.GetString();
        }

        return null;
    }

    /// <summary>Reads one metric of Boot 2 or 3.</summary>
    /// <param name="json">The body of <c>/metrics/{name}</c>.</param>
    /// <param name="statistic">The wanted statistic; null: <c>VALUE</c>, else <c>COUNT</c>, else the first.</param>
    /// <returns>The value; null where the statistic is not there.</returns>
    public static double? ReadMetric(ReadOnlySpan<byte> json, string? statistic)
    {
        try
        {
            return ReadOne(json, statistic);
        }
        catch (InvalidOperationException e)
        {
            throw UntrustedJson.BadText(e);
        }
    }

    private static double? ReadOne(ReadOnlySpan<byte> json, string? statistic)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException("a JSON object is needed");
        double? found = null, value = null, counted = null, first = null;
        var any = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var measurements = reader.ValueTextEquals("measurements"u8);
            reader.Read();
            if (!measurements || reader.TokenType != JsonTokenType.StartArray)
            {
                reader.Skip();
                continue;
            }

            any = true;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                var (name, number) = Measurement(ref reader);
                if (number is null) continue;
                first ??= number;
                if (name == "VALUE") value = number;
                if (name == "COUNT") counted = number;
                if (string.Equals(name, statistic, StringComparison.OrdinalIgnoreCase)) found = number;
            }
        }

        while (reader.Read()) continue;
        if (!any) throw new JsonException("the metric has no measurements");
        return statistic is not null ? found : value ?? counted ?? first;
    }

    /// <summary>Reads the values of a tag that a metric has been seen with; none where it has no such tag.</summary>
    /// <param name="json">The body of <c>/metrics/{name}</c>, without a selection by tags.</param>
    /// <param name="tag">The tag.</param>
    public static IReadOnlyList<string> ReadTag(ReadOnlyMemory<byte> json, string tag) => UntrustedJson.Read(json, root =>
        root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("availableTags", out var tags)
            || tags.ValueKind != JsonValueKind.Array ? []
            : (IReadOnlyList<string>)[.. tags.EnumerateArray()
                .Where(one => one.ValueKind == JsonValueKind.Object && one.TryGetProperty("tag", out var name)
                    && name.ValueKind == JsonValueKind.String && name.ValueEquals(tag)
                    && one.TryGetProperty("values", out var values) && values.ValueKind == JsonValueKind.Array)
                .SelectMany(one => one.GetProperty("values").EnumerateArray())
                .Where(value => value.ValueKind == JsonValueKind.String).Select(value => value.GetString()!)]);

    private static (string? Statistic, double? Value) Measurement(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("a measurement is an object");
        string? statistic = null;
        double? value = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isStatistic = reader.ValueTextEquals("statistic"u8);
            var isValue = reader.ValueTextEquals("value"u8);
            reader.Read();
            if (isStatistic && reader.TokenType == JsonTokenType.String) statistic = reader.GetString();
            else if (isValue && TryNumber(ref reader, out var number)) value = number;
            else reader.Skip();
        }

        return (statistic, value);
    }

    // Jackson writes NaN and the infinities as strings.
    private static bool TryNumber(ref Utf8JsonReader reader, out double value)
    {
        value = double.NaN;
        if (reader.TokenType == JsonTokenType.Number) return reader.TryGetDouble(out value);
        if (reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped) return false;
        return reader.ValueSpan.Length <= 32 && ExpositionNumber.TryParse(reader.ValueSpan, out value);
    }
}
