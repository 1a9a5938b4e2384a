using System.Text;
using System.Text.Json;
using CsCheck;
using LifecycleManager.Metrics.Discovery;
using LifecycleManager.Metrics.Exposition;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Sources;

namespace LifecycleManager.Metrics.Tests;

/// <summary>Damaged input ends in an error with its place; never in another exception, never in an endless loop.</summary>
public class FuzzTests
{
    private const string Text =
        "# HELP a b\n# TYPE a histogram\na_bucket{le=\"0.1\",x=\"\\\\ \\\"ü\\n\"} 5 1520879607789\na_bucket{le=\"+Inf\"} NaN\n\na_sum -1.5e-7\n";
    private const string Open =
        "# TYPE a counter\n# UNIT a_seconds seconds\na_total{x=\"\\\"\"} 5 1520879607.789 # {trace=\"x\"} 0.1 1.5\n# EOF\n";

    private static readonly string[] Json =
    [
        """{"mem":1,"gauge.servo.tpm":24.5,"x":"NaN","nested":{"a":[1,2]},"names":["a","b"]}""",
        """{"name":"a","measurements":[{"statistic":"COUNT","value":1.5},{"statistic":"MAX","value":"NaN"}],"availableTags":[]}""",
        """{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1.5,"2"]}]}}""",
        """{"status":"DOWN","components":{"db":{"status":"UP","components":{"x":{"status":"UP"}}}}}""",
        """[{"executor_id":"a","statistics":{"timestamp":1.5,"cpus_limit":1,"mem_rss_bytes":2}}]""",
        """{"slaves":[{"id":"a","pid":"slave(1)@127.0.0.1:5051","active":true}]}""",
        """{"samples":[{"app":"/a","metric":"m","value":1,"time":"2026-01-01T00:00:00Z","labels":{"a":"b"}}]}""",
        """{"applications":{"application":[{"name":"A","instance":[{"ipAddr":"1.2.3.4","status":"UP","port":{"$":1,"@enabled":"true"},"metadata":{"management.port":"2"}}]}]}}""",
        """{"messages":5,"name":"q"}""",
    ];

    // Bytes replaced, removed, doubled or put in anywhere; or nothing but random bytes.
    private static Gen<byte[]> Damaged(params string[] sound) => Gen.OneOf(
        Gen.Byte.Array[0, 200],
        Gen.Select(Any(sound), Gen.Select(
        Gen.Int[0, 3], Gen.Int[0, 10_000], Gen.OneOf(Gen.Byte, Any("\n\r\t {}[]\"\\=,:#+-.eE0"u8.ToArray()))).Array[1, 6])
            .Select((text, edits) =>
            {
                var bytes = Encoding.UTF8.GetBytes(text).ToList();
                foreach (var (kind, place, value) in edits)
                {
                    if (bytes.Count == 0) break;
                    var at = place % bytes.Count;
                    if (kind == 0) bytes[at] = value;
                    else if (kind == 1) bytes.RemoveAt(at);
                    else if (kind == 2) bytes.Insert(at, value);
                    else bytes.RemoveRange(at, Math.Min(bytes.Count - at, place % 17));
                }

                return bytes.ToArray();
            }));

    private static Gen<T> Any<T>(T[] of) => Gen.Int[0, of.Length - 1].Select(i => of[i]);

    [Theory]
    [InlineData(ExpositionFormat.Text)]
    [InlineData(ExpositionFormat.OpenMetrics)]
    public void Expositions(ExpositionFormat format) => Damaged(Text, Open).Sample(
        bytes =>
        {
            var reader = new ExpositionReader(bytes, format);
            var reads = 0;
            ExpositionToken token;
            while ((token = reader.Read()) == ExpositionToken.Sample)
            {
                if (++reads > bytes.Length) return false;
                var label = new LabelReader(reader.Labels);
                while (label.Read()) _ = label.Value;
                label = new LabelReader(reader.ExemplarLabels);
                while (label.Read()) _ = label.Value;
            }

            if (token == ExpositionToken.End) return true;
            // Still an error, and in a line that there is.
            var error = reader.Error;
            return reader.Read() == ExpositionToken.Error && error.Message.Length > 0 && error.Column >= 1
                && error.Line >= 1 && error.Line <= bytes.Count(b => b == '\n') + 1;
        }, iter: 20_000);

    [Fact]
    public void Json_of_every_source() => Damaged(Json).Sample(
        bytes =>
        {
            var apps = new[] { "/a" }.ToLookup(_ => "a");
            Only<JsonException>(() => ActuatorText.ReadList(bytes, ["gauge.servo.tpm", "x"]));
            Only<JsonException>(() => ActuatorText.ReadMetric(bytes, "COUNT"));
            Only<JsonException>(() => PromQlAnswer.Read(bytes, 0, 60_000));
            Only<JsonException>(() => PromQlAnswer.ReadError(bytes));
            Only<JsonException>(() => HealthText.Status(bytes, "db/x"));
            Only<JsonException>(() => AgentStatistics.Read(bytes));
            Only<JsonException>(() => AgentList.Read(bytes));
            Only<JsonException>(() => PushedSample.Read(bytes));
            Only<JsonException>(() => EurekaTargets.Read(bytes, apps));
            Only<JsonException>(() => RabbitMqJob.Read(bytes, "ready"));
        }, iter: 10_000);

    [Fact]
    public void Target_files()
    {
        var directory = Directory.CreateTempSubdirectory("lcm-fuzz-");
        try
        {
            var number = 0;
            Damaged("""[{"targets":["a:1"],"labels":{"app":"/a"}}]""", "- targets:\n    - 'a:1'\n  labels:\n    app: /a\n")
                .Sample(
                bytes =>
                {
                    foreach (var extension in (string[])[".json", ".yml"])
                    {
                        var path = Path.Combine(directory.FullName, $"{Interlocked.Increment(ref number)}{extension}");
                        File.WriteAllBytes(path, bytes);
                        Only<FormatException>(() => FileTargets.Read(path));
                        File.Delete(path);
                    }
                }, iter: 1_000);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void Selectors() => Damaged("http_requests{uri=\"/a\\\"\",status=~\"2..|3..\",x!~\"[a-z]+\"}").Sample(
        bytes => SeriesSelector.TryParse(Encoding.UTF8.GetString(bytes), out var selector, out var error)
        ? selector is not null
        : error!.Length > 0, iter: 5_000);

    private static void Only<T>(Action parse) where T : Exception
    {
        try
        {
            parse();
        }
        catch (T)
        {
        }
    }
}
