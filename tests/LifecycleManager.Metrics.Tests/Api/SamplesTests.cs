using System.Net;
using System.Text;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Tests.Api;

public sealed class SamplesTests
{
    private static readonly MetricQuery Orders =
        new() { Source = MetricSource.Pushed, Selector = "orders{kind=\"new\"}", Across = Aggregation.Sum };

    [Fact]
    public async Task Pushed_samples_are_read_and_unused_ones_are_counted()
    {
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a");
        await using var collector = await CollectorUnderTest.StartAsync(scheduler);
        collector.Demand(("/a", Orders));
        await collector.ReadAsync("/a", Orders, reading => reading.Missing == "nothing has been pushed yet");

        var (status, body) = await PushAsync(collector, """
            {"samples": [
              {"app": "/a", "metric": "orders", "value": 3, "labels": {"kind": "new", "shop": "x"}},
              {"app": "/a", "metric": "orders", "value": 4, "labels": {"kind": "new", "shop": "y"}},
              {"app": "/a", "metric": "orders", "value": 9, "labels": {"kind": "old"}},
              {"app": "/b", "metric": "orders", "value": 9}]}
            """);
        Assert.Equal((HttpStatusCode.OK, """{"accepted":2,"unused":2}"""), (status, body));
        Assert.Equal(7, (await collector.ReadAsync("/a", Orders)).Value);
    }

    [Theory]
    [InlineData("{", "malformed JSON at line 1, byte 2")]
    [InlineData("[1]", "[0]: a sample is an object")]
    [InlineData("""{"samples":[{"app":"/a","metric":"m","value":1},{"app":"a"}]}""",
        "samples[1].app: 'a' is not an absolute app id")]
    [InlineData("""{"app":"/a","metric":"m"}""", "value: required")]
    [InlineData("""{"app":"/a","metric":"m","value":"1"}""", "value: a finite number is needed")]
    [InlineData("""{"app":"/a","metric":"m","value":1e999}""", "value: a finite number is needed")]
    [InlineData("""{"app":"/a","metric":"m","value":1,"unit":"s"}""", "unit: unknown")]
    [InlineData("""{"app":"/a","metric":"m","value":1,"time":"soon"}""", "time: an ISO 8601 instant")]
    [InlineData("""{"app":"/a","metric":"m","value":1,"labels":{"a":1}}""", "labels.a: a text is needed")]
    [InlineData("7", "the body: a sample or an array")]
    public async Task A_bad_push_is_refused_and_names_the_field(string json, string message)
    {
        await using var scheduler = await FakeScheduler.StartAsync();
        await using var collector = await CollectorUnderTest.StartAsync(scheduler);
        var (status, body) = await PushAsync(collector, json);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(message, System.Text.RegularExpressions.Regex.Unescape(body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_long_and_too_far_ahead_are_refused()
    {
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a");
        await using var collector = await CollectorUnderTest.StartAsync(scheduler);
        collector.Demand(("/a", Orders));
        await collector.ReadAsync("/a", Orders, reading => reading.Missing == "nothing has been pushed yet");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await PushAsync(collector, new string(' ', 1_100_000))).Status);
        var (status, body) = await PushAsync(collector,
            """{"app":"/a","metric":"orders","value":1,"labels":{"kind":"new"},"time":"2200-01-01T00:00:00Z"}""");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Contains("more than 10 minutes ahead", body, StringComparison.Ordinal);
    }

    private static async Task<(HttpStatusCode Status, string Body)> PushAsync(CollectorUnderTest collector, string json)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/samples")
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
        };

        // Who refuses a long body at once closes the connection while it is still sent.
        request.Headers.ExpectContinue = json.Length > 512 * 1024;
        using var answer = await collector.Http.SendAsync(request, TestContext.Current.CancellationToken);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
