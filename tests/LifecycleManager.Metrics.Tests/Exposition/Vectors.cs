using System.Text;
using System.Text.Json;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Exposition;

namespace LifecycleManager.Metrics.Tests.Exposition;

/// <summary>What Prometheus 3.16 made of expositions, and ours in the same words.</summary>
internal static class Vectors
{
    public static IEnumerable<JsonElement> Read(string file) =>
        File.ReadLines(PathOf(file)).Select(line => JsonDocument.Parse(line).RootElement);

    public static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, "Data", "prometheus", file);

    public static byte[] Bytes(this JsonElement vector, string text) => vector.TryGetProperty("b64", out var bytes)
        ? bytes.GetBytesFromBase64() : Encoding.UTF8.GetBytes(vector.GetProperty(text).GetString()!);

    public static string Series(string name, IEnumerable<(string Name, string Value)> labels)
    {
        var sorted = labels.OrderBy(label => label.Name, StringComparer.Ordinal).Select(label => $"{label.Name}={label.Value}");
        return $"{name}{{{string.Join(',', sorted)}}}";
    }

    /// <summary>Pairs out of a flat list.</summary>
    public static IEnumerable<(string, string)> Labels(JsonElement flat) =>
        flat.EnumerateArray().Select(item => item.GetString()!).Chunk(2).Select(pair => (pair[0], pair[1]));

    /// <summary>The samples of a text, and its error.</summary>
    public static (List<string> Samples, ExpositionError? Error) All(byte[] text, ExpositionFormat format)
    {
        var samples = new List<string>();
        var reader = new ExpositionReader(text, format);
        ExpositionToken token;
        while ((token = reader.Read()) == ExpositionToken.Sample)
        {
            var sample = Series(Encoding.UTF8.GetString(reader.Name), All(reader.GetLabels()))
                + $" {NumericLabel.FormatShortest(reader.Value)}";
            if (reader.HasTimestamp) sample += $" @{reader.Timestamp}";
            if (reader.HasExemplar)
            {
                sample += $" #{Series("", All(new LabelReader(reader.ExemplarLabels), raw: true))}"
                    + $" {NumericLabel.FormatShortest(reader.ExemplarValue)}";
                if (reader.ExemplarTimestamp is { } time) sample += $" @{time}";
            }

            samples.Add(sample);
        }

        return (samples, token == ExpositionToken.Error ? reader.Error : null);
    }

    public static List<(string, string)> All(LabelReader reader, bool raw = false)
    {
        var labels = new List<(string, string)>();
        while (reader.Read())
            labels.Add((Encoding.UTF8.GetString(reader.Name), raw ? Encoding.UTF8.GetString(reader.RawValue) : reader.Value));
        return labels;
    }
}
