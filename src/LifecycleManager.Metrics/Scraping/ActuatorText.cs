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

/// <summary>Reads the actuator's JSON. Malformed JSON is a <see cref="JsonException"/> with its place.</summary>
internal static class ActuatorText
{
    /// <summary>Reads the answer of <c>/metrics</c>.</summary>
    /// <param name="json">The body.</param>
    /// <param name="wanted">The names that are looked for.</param>
    /// <param name="values">Receives their values in the same order; NaN where absent.</param>
    /// <param name="count">How many numbers or names there are.</param>
    public static ActuatorShape ReadMetrics(
        ReadOnlySpan<byte> json, IReadOnlyList<string> wanted, Span<double> values, out int count)
    {
        try
        {
            return ReadAll(json, wanted, values, out count);
        }
        catch (InvalidOperationException e)
        {
            throw UntrustedJson.BadText(e);
        }
    }

    private static ActuatorShape ReadAll(
        ReadOnlySpan<byte> json, IReadOnlyList<string> wanted, Span<double> values, out int count)
    {
        values.Fill(double.NaN);
        count = 0;
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException("a JSON object is needed");
        var shape = ActuatorShape.Flat;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var index = -1;
            for (var i = 0; i < wanted.Count && index < 0; i++)
            {
                if (reader.ValueTextEquals(wanted[i])) index = i;
            }

            var names = reader.ValueTextEquals("names"u8);
            reader.Read();
            if (names && reader.TokenType == JsonTokenType.StartArray)
            {
                shape = ActuatorShape.Names;
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) count++;
            }
            else if (TryNumber(ref reader, out var value))
            {
                count++;
                if (index >= 0) values[index] = value;
            }
            else
            {
                reader.Skip();
            }
        }

        // To the end, so that what follows the object is not overlooked.
        while (reader.Read()) continue;
        return shape;
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
