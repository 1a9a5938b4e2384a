using System.Text;
using System.Text.Json;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Exposition;

namespace LifecycleManager.Metrics.Tests.Exposition;

/// <summary>
/// What Prometheus' client libraries for Go and Python answer, in every format and escaping that can be asked for.
/// </summary>
public sealed class ClientAnswerTests
{
    // The textual spellings of protobuf are for people to read; nobody's scraper takes them.
    private static readonly string[] ForPeople = ["names-proto-text", "names-proto-compact"];

    [Fact]
    public void Every_answer_of_the_go_client_is_read_and_the_same_metrics_are_found_in_it()
    {
        var count = 0;
        foreach (var answer in Vectors.Read("client-golang.jsonl"))
        {
            var id = answer.GetProperty("id").GetString()!;
            if (ForPeople.Contains(id)) continue;

            // Compressed bodies are for the HTTP client.
            if (answer.GetProperty("headers").TryGetProperty("Content-Encoding", out _)) continue;
            count++;
            var contentType = answer.GetProperty("headers").GetProperty("Content-Type").GetString()!;
            var (samples, error) = Read(contentType, answer.Bytes("body"));
            Assert.True(error is null, $"{id}: {error}");
            if (id.StartsWith("names-", StringComparison.Ordinal))
                Assert.Equal(42, Find(samples, "{\"my.queue.depth\",\"zone.name\"=\"a\"}"));
            if (!id.StartsWith("all-", StringComparison.Ordinal)) continue;
            Assert.Equal(15, Find(samples, "both_seconds_bucket{le=\"0.50\"}"));
            Assert.Equal(40, Find(samples, "nh_seconds_count"));
            Assert.Equal(1.5, Find(samples, "escapes{v=\"a\\\"b\"}"));
            Assert.Equal(IsProtobuf(contentType), samples.Any(one => one.Name == "nh_seconds"));
        }

        Assert.Equal(30, count);
    }

    [Fact]
    public void Every_answer_of_the_python_client_is_read_and_both_formats_agree()
    {
        var texts = new Dictionary<string, List<Found>>();
        foreach (var answer in Vectors.Read("python/index.jsonl"))
        {
            var file = answer.GetProperty("file").GetString()!;
            var body = File.ReadAllBytes(Vectors.PathOf($"python/{file}"));
            var (samples, error) = Read(answer.GetProperty("contentType").GetString()!, body);
            Assert.True(error is null, $"{file}: {error}");
            Assert.NotEmpty(samples);
            texts[file] = samples;
            if (file.StartsWith("utf8-", StringComparison.Ordinal))
            {
                Assert.Equal(42, Find(samples, "{\"my.queue.depth\",\"zone.name\"=\"a\"}"));
                Assert.Equal(1, Find(samples, "{\"http.hits_total\"}"));
            }
        }

        foreach (var (file, samples) in texts.Where(one => one.Key.EndsWith(".txt", StringComparison.Ordinal)))
        {
            if (!texts.TryGetValue(Path.ChangeExtension(file, ".om"), out var open)) continue;
            var theirs = open.ToLookup(one => one.Series, one => one.Value);
            foreach (var one in samples) Assert.Contains(one.Value, theirs[one.Series]);
        }
    }

    private static double Find(List<Found> samples, string text)
    {
        Assert.True(SeriesSelector.TryParse(text, out var selector, out var error), error);
        var names = MetricNameEscaping.Spellings(selector!.Name);
        return Assert.Single(samples, one => names.Contains(one.Name) && selector.Accepts(one.Labels)).Value;
    }

    private static (List<Found> Samples, string? Error) Read(string contentType, byte[] body)
    {
        var samples = new List<Found>();
        ExpositionToken token;
        if (IsProtobuf(contentType))
        {
            var reader = new ProtobufReader(body);
            while ((token = reader.Read()) == ExpositionToken.Sample)
                samples.Add(new Found(Encoding.UTF8.GetString(reader.Name), All(new LabelReader(reader.Labels)), reader.Value));
            return (samples, token == ExpositionToken.Error ? reader.Error : null);
        }

        var isOpen = contentType.StartsWith("application/openmetrics-text", StringComparison.Ordinal);
        var text = new ExpositionReader(body, isOpen ? ExpositionFormat.OpenMetrics : ExpositionFormat.Text);
        while ((token = text.Read()) == ExpositionToken.Sample)
            samples.Add(new Found(Encoding.UTF8.GetString(text.Name), All(text.GetLabels()), text.Value));
        return (samples, token == ExpositionToken.Error ? text.Error.ToString() : null);
    }

    private static Dictionary<string, string> All(LabelReader labels) =>
        Vectors.All(labels).ToDictionary(label => label.Item1, label => label.Item2);

    private static bool IsProtobuf(string contentType) =>
        contentType.StartsWith("application/vnd.google.protobuf", StringComparison.Ordinal);

    private sealed record Found(string Name, Dictionary<string, string> Labels, double Value)
    {
        public string Series => Vectors.Series(Name, Labels.Select(label => (label.Key, label.Value)));
    }
}
