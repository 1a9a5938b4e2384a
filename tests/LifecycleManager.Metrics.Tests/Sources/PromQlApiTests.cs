using System.Globalization;
using System.Net;
using System.Text.Json;
using LifecycleManager.Metrics.Core.Queries;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Metrics.Tests.Sources;

/// <summary>
/// What Prometheus 3.16 answered is served again; each answer is a value, or is none for the reason that is in it.
/// </summary>
public sealed class PromQlApiTests
{
    private static readonly DateTimeOffset Recorded = DateTimeOffset.FromUnixTimeSeconds(1795902170);

    private static JsonElement[] Records() =>
        [.. File.ReadLines(Path.Combine("Data", "prometheus-api.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)];

    [Fact]
    public async Task Each_recorded_answer_is_a_value_or_says_why_it_is_none()
    {
        var record = default(JsonElement);
        await using var server = await HttpServer.StartAsync(context => Serve(context, record));
        using var questions = new Questions(
            Questions.Options() with { Prometheus = server.Url, Staleness = TimeSpan.FromMinutes(5) },
            new FakeTimeProvider(Recorded));
        var seen = new Dictionary<string, int>();
        foreach (var one in Records())
        {
            record = one;
            var id = one.GetProperty("id").GetString()!;
            var (value, problem) = await questions.AskAsync(new MetricQuery { Source = MetricSource.PromQl, Selector = id });
            var (kind, expected, reason) = Expected(one);
            seen[kind] = seen.GetValueOrDefault(kind) + 1;
            Assert.True(reason is null ? problem is null && value.Equals(expected)
                : problem?.Contains(reason, StringComparison.Ordinal) == true,
                $"{id}: {value} {problem}; expected {expected} {reason}");
        }

        // Of each kind there are some.
        Assert.Equal(
            ["empty", "histogram", "matrix", "refused", "scalar", "several", "string", "value", "warning"], seen.Keys.Order());
    }

    [Fact]
    public async Task What_is_said_beside_the_data_is_told()
    {
        var body = "";
        await using var server = await HttpServer.StartAsync(async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(body.Replace("NOW", context.Request.Query["time"], StringComparison.Ordinal));
        });
        using var questions = new Questions(Questions.Options() with { Prometheus = server.Url });
        async Task Is(string answer, string? problem)
        {
            body = answer;
            var read = await questions.AskAsync(new MetricQuery { Source = MetricSource.PromQl, Selector = "q" });
            if (problem is null) Assert.Equal((5, null), read);
            else Assert.EndsWith(problem, read.Problem, StringComparison.Ordinal);
        }

        const string Data = """ "data":{"resultType":"vector","result":[{"metric":{},"value":[NOW,"5"]}]} """;
        await Is($$"""{"status":"success",{{Data}}}""", null);
        await Is($$"""{"status":"success",{{Data}},"infos":["PromQL info: no counter"]}""", null);
        await Is($$"""{"status":"success",{{Data}},"warnings":["store b is down","x"]}""",
            "the server warns, so that this may be a part of the whole: store b is down; x");
        await Is($$"""{"status":"error","errorType":"execution","error":"half of it is gone",{{Data}}}""",
            "the server answers an error: half of it is gone");
        await Is($$"""{"status":"error",{{Data}}}""", "the server answers an error: without a reason");
        await Is($$"""{"status":"success","data":{"resultType":"vector","result":[]},"infos":["a histogram was left out"]}""",
            "; it remarks: a histogram was left out");
        var old = (DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 3600).ToString(CultureInfo.InvariantCulture);
        await Is($$"""{"status":"success",{{Data.Replace("NOW", old, StringComparison.Ordinal)}}}""",
            " s ago; a cache on the way?");
        await Is("""{"status":"success"}""", "not the answer of a query");
    }

    [Fact]
    public async Task What_a_server_remarks_is_shown_beside_the_value_and_takes_nothing_from_it()
    {
        var infos = """, "infos": ["PromQL info: metric might not be a counter", "x"]""";
        await using var server = await HttpServer.StartAsync(async context =>
        {
            context.Response.ContentType = "application/json";
            var time = context.Request.Query["time"];
            await context.Response.WriteAsync(
                $$"""{"status": "success", "data": {"resultType": "scalar", "result": [{{time}}, "5"]}{{infos}}}""");
        });
        await using var scheduler = await FakeScheduler.StartAsync();
        await using var collector =
            await CollectorUnderTest.StartAsync(scheduler, options => options with { Prometheus = server.Url });
        var query = new MetricQuery { Source = MetricSource.PromQl, Selector = "q" };
        collector.Demand(("/a", query));
        const string Note = "PromQL info: metric might not be a counter; x";
        var reading = await collector.ReadAsync("/a", query);
        Assert.Equal((5, null, Note, 0), (reading.Value, reading.Missing, reading.Note, reading.Silent));
        Assert.True(reading.Range.IsPoint);
        var target = await collector.TargetAsync(target => target is { Kind: "promql", State: "up" });
        Assert.Equal(Note, Assert.Single(target.Notes!).Value);
        Assert.Null(target.Problems);

        // Until it answers without; what keeps it from being a value is a problem.
        infos = "";
        await collector.ReadAsync("/a", query, reading => reading is { IsKnown: true, Note: null });
        infos = """, "warnings": ["store b is down"]""";
        target = await collector.TargetAsync(target => target is { Kind: "promql", Problems: not null });
        Assert.EndsWith("store b is down", Assert.Single(target.Problems!).Value, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Aggregation.Sum, 6)]
    [InlineData(Aggregation.Max, 3)]
    [InlineData(Aggregation.Min, 1)]
    [InlineData(Aggregation.Avg, 2)]
    [InlineData(Aggregation.Count, 3)]
    [InlineData(null, null)]
    public async Task Several_series_become_one_as_the_metric_says_or_not_at_all(Aggregation? across, int? expected)
    {
        await using var server = await HttpServer.StartAsync(async context =>
        {
            var time = context.Request.Query["time"];
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("""{"status":"success","data":{"resultType":"vector","result":["""
                + string.Join(',', ((string[])["1", "2", "NaN", "3"]).Select((value, i) =>
                    $$"""{"metric":{"i":"{{i}}"},"value":[{{time}},"{{value}}"]}""")) + "]}}");
        });
        using var questions = new Questions(Questions.Options() with { Prometheus = server.Url });
        var (value, problem) = await questions.AskAsync(new MetricQuery
        {
            Source = MetricSource.PromQl,
            Selector = "q",
            From = new SourceSettings { Across = across },
        });
        Assert.Equal(expected, value);
        Assert.Equal(across is null
            ? "the query has 4 series: say how they become one, 'across: sum' (max, min, avg or count)" : null, problem);
    }

    private static async Task Serve(HttpContext context, JsonElement record)
    {
        var response = context.Response;
        response.StatusCode = record.GetProperty("status").GetInt32();
        foreach (var header in record.GetProperty("headers").EnumerateObject())
        {
            if (header.Name is "Content-Type" or "Content-Encoding" or "Location")
                response.Headers[header.Name] = header.Value.ToString();
        }

        var body = record.TryGetProperty("b64", out var packed)
            ? packed.GetBytesFromBase64() : System.Text.Encoding.UTF8.GetBytes(record.GetProperty("body").GetString()!);
        if (response.StatusCode != (int)HttpStatusCode.NoContent) await response.Body.WriteAsync(body);
    }

    private static (string Kind, double? Value, string? Reason) Expected(JsonElement record)
    {
        var status = record.GetProperty("status").GetInt32();
        if (status != 200) return ("refused", null, $"answered {status}");

        // Those that were compressed are of a gauge with two series.
        if (record.TryGetProperty("b64", out _)) return ("several", null, "the query has 2 series");
        using var document = JsonDocument.Parse(record.GetProperty("body").GetString()!);
        var (root, data) = (document.RootElement, document.RootElement.GetProperty("data"));
        var result = data.GetProperty("result");
        switch (data.GetProperty("resultType").GetString())
        {
            case "scalar":
                return ("scalar", Number(result), null);
            case "string":
                return ("string", null, "the result is a \"string\"");
            case "matrix":
                return ("matrix", null, "the result is a \"matrix\"");
        }

        if (result.EnumerateArray().Any(series => series.TryGetProperty("histogram", out _)))
            return ("histogram", null, "the result is a histogram");
        if (root.TryGetProperty("warnings", out _)) return ("warning", null, "the server warns");
        return result.GetArrayLength() switch
        {
            0 => ("empty", null, "the query has no result"),
            1 => ("value", Number(result[0].GetProperty("value")), null),
            var count => ("several", null, $"the query has {count} series"),
        };
    }

    private static double Number(JsonElement pair) => pair[1].GetString() switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        var text => double.Parse(text!, CultureInfo.InvariantCulture),
    };
}
