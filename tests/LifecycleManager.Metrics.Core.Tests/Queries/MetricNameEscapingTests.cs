using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Core.Tests.Queries;

public sealed class MetricNameEscapingTests
{
    [Fact]
    public void Names_are_escaped_and_unescaped_as_prometheus_does()
    {
        var count = 0;
        foreach (var vector in Vectors.Read("escape.jsonl"))
        {
            string? Of(string key) => vector.TryGetProperty(key, out var value) ? value.GetString() : null;
            count++;
            if (Of("name") is { } name)
            {
                foreach (var (scheme, key) in (ReadOnlySpan<(NameEscaping, string)>)[(NameEscaping.Underscores, "u"),
                    (NameEscaping.Dots, "d"), (NameEscaping.Values, "v"), (NameEscaping.AllowUtf8, "n")])
                {
                    var escaped = MetricNameEscaping.Escape(name, scheme);
                    Assert.Equal(Of(key), escaped);
                    Assert.Equal(Of(key + "b") ?? escaped, MetricNameEscaping.Unescape(escaped, scheme));
                }

                Assert.Equal(vector.GetProperty("legacy").GetBoolean(), MetricNameEscaping.IsLegacy(name));
                continue;
            }

            Assert.Equal(Of("vb"), MetricNameEscaping.Unescape(Of("escaped")!, NameEscaping.Values));
            Assert.Equal(Of("db"), MetricNameEscaping.Unescape(Of("escaped")!, NameEscaping.Dots));
        }

        Assert.Equal(71, count);
    }

    [Fact]
    public void A_name_that_needs_no_quotes_has_one_spelling_and_any_other_those_of_all_schemes()
    {
        Assert.Equal(["jvm_memory_used"], MetricNameEscaping.Spellings("jvm_memory_used"));
        Assert.Equal(
            ["http.hits_total", "http_hits_total", "http_dot_hits__total", "http_dot_hits_total", "U__http_2e_hits__total",
                "U__http_2e_hits_total"], MetricNameEscaping.Spellings("http.hits_total"));
    }
}
