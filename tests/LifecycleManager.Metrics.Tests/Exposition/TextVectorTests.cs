using System.Text.Json;
using LifecycleManager.Metrics.Exposition;

namespace LifecycleManager.Metrics.Tests.Exposition;

/// <summary>Prometheus' own parser and ours read the same texts: both take the same ones, and see the same series.</summary>
public sealed class TextVectorTests(ITestOutputHelper output)
{
    // The list is exact: what begins to agree has to leave it.
    private static readonly (string Reason, string[] Ids)[] OnPurpose =
    [
        ("Prometheus' parser takes an empty name, and its scrape refuses it then: here the parser does",
        [
            "om0344", "ov0159", "ov0168", "ov0350", "ov0618", "ov0699", "tv0454", "tv0696", "tv0807", "tv0810",
        ]),
        ("the format's documentation has a time before 1970, which Prometheus refuses: it does no harm",
        [
            "tm0118", "tm0269", "tv0007", "tv0028", "tv0061", "tv0214", "tv0394", "tv0441", "tv0493",
            "tv0525", "tv0642", "tv0656", "tv0706", "tv0751",
        ]),
        ("Prometheus takes a time that 64 bits of milliseconds do not hold for one in the distant past: it is refused",
        [
            "ov0001", "ov0198", "ov0428", "ov0598",
        ]),
        ("to Prometheus a NUL ends a text, whatever follows: here it is damage, or a byte of a comment",
        [
            "tm0036", "tm0082", "tm0329", "tm0361", "tm0362", "tm0554",
        ]),
    ];

    [Fact]
    public void Verdicts_and_series_are_prometheus_s_but_for_the_differences_named_here()
    {
        var differences = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var count = 0;
        foreach (var vector in Vectors.Read("textparse.jsonl"))
        {
            count++;
            var id = vector.GetProperty("id").GetString()!;
            var format = id[0] == 'o' ? ExpositionFormat.OpenMetrics : ExpositionFormat.Text;
            var text = vector.Bytes("in");
            var (ours, error) = Vectors.All(text, format);
            var theirs = vector.TryGetProperty("s", out var series) ? series.EnumerateArray().Select(Sample).ToList() : null;
            var difference = (theirs, error) switch
            {
                (null, null) => $"Prometheus refuses it, we see {string.Join("; ", ours)}",
                (not null, not null) => $"Prometheus takes it, we say {error}",
                (not null, null) when !theirs.SequenceEqual(ours) =>
                    $"Prometheus sees {string.Join("; ", theirs)}, we see {string.Join("; ", ours)}",
                _ => null,
            };
            if (difference is not null)
                differences[id] = $"{JsonSerializer.Serialize(System.Text.Encoding.UTF8.GetString(text))}: {difference}";
        }

        Assert.Equal(1564, count);
        var named = new SortedDictionary<string, string>(
            OnPurpose.SelectMany(one => one.Ids.Select(id => (id, one.Reason))).ToDictionary(one => one.id, one => one.Reason),
            StringComparer.Ordinal);
        foreach (var (id, difference) in differences)
            output.WriteLine($"{id} {named.GetValueOrDefault(id, "NOT NAMED")}: {difference}");
        Assert.Equal(named.Keys, differences.Keys);
    }

    private static string Sample(JsonElement series)
    {
        var parts = series.EnumerateArray().ToArray();
        var sample = $"{Vectors.Series(parts[0].GetString()!, Vectors.Labels(parts[1]))} {parts[2].GetString()}";
        if (parts.Length > 3 && parts[3].ValueKind == JsonValueKind.Number) sample += $" @{parts[3].GetInt64()}";
        if (parts.Length > 4)
        {
            var exemplar = parts[4];
            sample += $" #{Vectors.Series("", Vectors.Labels(exemplar.GetProperty("l")))}"
                + $" {exemplar.GetProperty("v").GetString()}";
            if (exemplar.TryGetProperty("t", out var time)) sample += $" @{time.GetInt64()}";
        }

        return sample;
    }

    [Fact]
    public void Bounds_and_quantiles_are_numbers_as_prometheus_stores_them()
    {
        foreach (var vector in Vectors.Read("lenorm.jsonl"))
        {
            var (name, label) = (vector.GetProperty("name").GetString(), vector.GetProperty("label").GetString());
            var type = vector.GetProperty("type").GetString()!;
            var open = vector.GetProperty("f").GetString() == "o";
            var text = (type.Length > 0 ? $"# TYPE h {type}\n" : "")
                + $"{name}{{{label}=\"{vector.GetProperty("in").GetString()}\"}} 1\n{(open ? "# EOF\n" : "")}";
            var (samples, error) = Vectors.All(
                System.Text.Encoding.UTF8.GetBytes(text), open ? ExpositionFormat.OpenMetrics : ExpositionFormat.Text);
            Assert.Null(error);
            Assert.Equal([$"{name}{{{label}={vector.GetProperty("out").GetString()}}} 1"], samples);
        }
    }
}
