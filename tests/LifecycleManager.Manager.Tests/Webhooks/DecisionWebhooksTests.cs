using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Manager.Webhooks;
using LifecycleManager.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Prometheus;

namespace LifecycleManager.Manager.Tests.Webhooks;

public sealed class DecisionWebhooksTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 19, 0, 0, TimeSpan.Zero));
    private readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();
    private readonly RecordingLog _log = new();
    private readonly DecisionFeed _feed = new(1);
    private readonly DecisionIds _ids = new();
    private readonly ConcurrentQueue<(string? Type, string Body)> _received = new();
    private DecisionArchive _archive = DecisionArchive.Empty;
    private WebApplication _server = null!;
    private StateBackend _backend = null!;
    private Uri _address = null!;
    private Func<int, int> _answer = _ => 200;
    private int _asked;

    public async ValueTask InitializeAsync()
    {
        _backend = await ManagerUnderTest.BackendAsync();
        var port = LifecycleManager.Testing.Server.FreePort();
        _address = new Uri($"http://127.0.0.1:{port}/services/secret");
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        _server = builder.Build();
        _server.Run(async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            var body = await reader.ReadToEndAsync();
            http.Response.StatusCode = _answer(Interlocked.Increment(ref _asked));
            http.Response.Headers.Location = "/elsewhere";
            if (http.Response.StatusCode == 200) _received.Enqueue((http.Request.ContentType, body));
        });
        await _server.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _backend.DisposeAsync();
    }

    [Fact]
    public async Task Slack_and_CloudEvents_are_told_what_they_want_of()
    {
        await using var leader = Lead($"{_address} on=changes,holds,failures,dryRuns\n{_address} format=cloudevents");
        Publish(Change("/a") with { Reason = "tpm 12 > 10 & <!channel>" });
        Publish(Change("/b") with { Outcome = DecisionOutcome.Pending });
        var hold = Publish(Change("/c") with { Outcome = DecisionOutcome.Held, Kind = DecisionKind.Hold });
        var failed = Publish(Change("/d") with { Outcome = DecisionOutcome.Failed, OutcomeReason = "it is full" });
        Publish(Change("/e") with { Outcome = DecisionOutcome.DryRun });
        await Eventually.TrueAsync(() => _received.Count == 6);

        var texts = _received.Where(one => one.Type == "application/json; charset=utf-8")
            .Select(one => JsonDocument.Parse(one.Body).RootElement.GetProperty("text").GetString()).ToList();
        Assert.Equal(
            [
                "/a is scaled from 2 to 3: tpm 12 &gt; 10 &amp; &lt;!channel&gt; (p/r)",
                "/c stays at 2: because (p/r)",
                "/d could not be scaled from 2 to 3, it is full: because (p/r)",
                "Dry run: /e would be scaled from 2 to 3: because (p/r)",
            ],
            texts);
        var events = _received.Where(one => one.Type!.StartsWith("application/cloudevents+json", StringComparison.Ordinal))
            .Select(one => JsonDocument.Parse(one.Body).RootElement).ToList();
        Assert.Equal(["io.lifecyclemanager.decision.changed", "io.lifecyclemanager.decision.failed"],
            events.Select(one => one.GetProperty("type").GetString()));
        var last = events[1];
        Assert.Equal("1.0", last.GetProperty("specversion").GetString());
        Assert.Equal($"{failed.Id}/failed", last.GetProperty("id").GetString());
        Assert.Equal("/d", last.GetProperty("subject").GetString());
        Assert.Equal("/lifecyclemanager/manager", last.GetProperty("source").GetString());
        Assert.Equal(3, last.GetProperty("data").GetProperty("to").GetInt32());
        Assert.DoesNotContain(events, one => one.GetProperty("id").GetString()!.StartsWith(hold.Id, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_not_taken_is_tried_again_in_order_and_tries_that_end_alike_are_told_once()
    {
        _answer = asked => asked <= 3 ? 503 : 200;
        await using var leader = Lead($"{_address}");
        var failed = Publish(Change("/a") with { Outcome = DecisionOutcome.Failed, OutcomeReason = "x" });
        Publish(failed with { Attempts = 2, OutcomeAt = _time.GetUtcNow().AddSeconds(5) });
        Publish(Change("/b"));
        await PassAsync(() => _received.Count == 2);
        Assert.Equal(5, _asked);
        Assert.StartsWith("""{"text":"/a could""", _received.First().Body, StringComparison.Ordinal);
        Assert.Equal(3, await CountAsync("lcm_manager_webhook_retries_total"));
        Assert.Contains(_log.Lines, line => line.Contains("Webhook 1 (127.0.0.1) is not reached", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Lines, line => line.Contains("secret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(302)]
    [InlineData(404)]
    public async Task What_is_refused_is_dropped_and_counted_and_the_next_goes_on(int status)
    {
        _answer = asked => asked == 1 ? status : 200;
        await using var leader = Lead($"{_address}");
        Publish(Change("/a"));
        Publish(Change("/b"));
        await PassAsync(() => _received.Count == 1);
        Assert.Equal(2, _asked);
        Assert.Equal(1, await CountAsync("lcm_manager_webhook_dropped_total"));
        Assert.Contains(_log.Lines, line => line.Contains($"by {status}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task While_it_is_away_the_oldest_go()
    {
        _answer = _ => 503;
        await using var leader = Lead($"{_address}");
        for (var i = 0; i < WebhookQueue.Capacity + 7; i++) Publish(Change($"/{i}"));
        await Eventually.TrueAsync(() => _asked == 1);
        Assert.Equal(7, await CountAsync("lcm_manager_webhook_dropped_total"));
        _answer = _ => 200;

        await PassAsync(() => !_received.IsEmpty);
        await Eventually.TrueAsync(() => Bodies().Any(body => body.Contains($"/{WebhookQueue.Capacity + 6} is",
            StringComparison.Ordinal)));

        // The one that was under way when it was dropped is told all the same.
        Assert.InRange(Bodies().Distinct().Count(), WebhookQueue.Capacity, WebhookQueue.Capacity + 1);
        Assert.DoesNotContain(Bodies(), body => body.Contains("/5 is", StringComparison.Ordinal));

        IEnumerable<string> Bodies() => _received.Select(one => one.Body);
    }

    [Fact]
    public async Task What_waits_is_bounded_in_bytes_and_shown()
    {
        _answer = _ => 503;
        await using (Lead($"{_address}"))
        {
            Assert.Equal((0, 0), (await CountAsync("lcm_manager_webhook_waiting_bytes"),
                await CountAsync("lcm_manager_webhook_dropped_total")));
            for (var i = 0; i < 9; i++) Publish(Change($"/{i}") with { Reason = new string('x', 1024 * 1024) });
            await Eventually.TrueAsync(() => _asked == 1);
            Assert.Equal(6, await CountAsync("lcm_manager_webhook_dropped_total"));
            Assert.InRange(await CountAsync("lcm_manager_webhook_waiting_bytes"), 3 * 1024 * 1024, WebhookQueue.MaxBytes);

            // One that is longer than all that may wait is told all the same.
            Publish(Change("/long") with { Reason = new string('x', (int)WebhookQueue.MaxBytes) });
            Assert.Equal(9, await CountAsync("lcm_manager_webhook_dropped_total"));
            _answer = _ => 200;
            await PassAsync(() => _received.Any(one => one.Body.Contains("/long", StringComparison.Ordinal)));
            await Eventually.TrueAsync(async () => await CountAsync("lcm_manager_webhook_waiting_bytes") == 0);
        }

        // What waits is for the next leader to tell.
        using var shown = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(shown);
        Assert.DoesNotContain("lcm_manager_webhook_waiting_bytes{", System.Text.Encoding.UTF8.GetString(shown.ToArray()),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_next_leader_tells_what_was_not_told_and_nothing_of_before_the_first()
    {
        Publish(Change("/before"));
        _time.Advance(TimeSpan.FromMinutes(1));
        await using (var first = Lead($"{_address}"))
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Publish(Change("/told"));
            await Eventually.TrueAsync(() => _received.Count == 1);
            _answer = _ => 503;
            _time.Advance(TimeSpan.FromSeconds(1));
            Publish(Change("/untold"));
            await Eventually.TrueAsync(() => _asked == 2);
        }

        _answer = _ => 200;
        _time.Advance(TimeSpan.FromSeconds(1));
        await using var second = Lead($"{_address}");
        _time.Advance(TimeSpan.FromSeconds(1));
        Publish(Change("/later"));
        await PassAsync(() => _received.Count == 3);
        Assert.Equal(["/told", "/untold", "/later"], _received.Select(one =>
            JsonDocument.Parse(one.Body).RootElement.GetProperty("text").GetString()!.Split(' ')[0]));
    }

    private DecisionRecord Publish(DecisionRecord record)
    {
        _archive = _archive.With([record], 5_000, 5_000).Archive;
        _feed.Publish(record);
        return record;
    }

    private DecisionRecord Change(string app) => new()
    {
        Id = _ids.Next(_time.GetUtcNow()),
        At = _time.GetUtcNow(),
        App = app,
        Policy = "p",
        Rule = "r",
        From = 2,
        To = 3,
        Kind = DecisionKind.ScaleOut,
        Reason = "because",
        Outcome = DecisionOutcome.Applied,
        OutcomeAt = _time.GetUtcNow(),
        Attempts = 1,
    };

    /// <summary>Time goes on until it is so: in steps that leave an attempt its time.</summary>
    private Task PassAsync(Func<bool> probe) => Eventually.TrueAsync(() =>
    {
        _time.Advance(TimeSpan.FromSeconds(2));
        return probe();
    });

    private async Task<double> CountAsync(string name)
    {
        using var first = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(first);
        using var second = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(second);
        return System.Text.Encoding.UTF8.GetString(second.ToArray()).Split('\n')
            .Where(line => line.StartsWith(name + "{", StringComparison.Ordinal))
            .Sum(line => double.Parse(line.Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture));
    }

    private Leading Lead(string file)
    {
        var webhooks = new DecisionWebhooks(
            WebhookFile.Parse(file, "hooks"), _backend.Store, _feed, new WebhookMetrics(_registry),
            _time, _log.CreateLogger<DecisionWebhooks>());
        return new Leading(webhooks, ending => webhooks.TellAsync(() => _archive, new Fence("manager", 1), ending));
    }

    private sealed class Leading : IAsyncDisposable
    {
        private readonly CancellationTokenSource _ending = new();
        private readonly DecisionWebhooks _webhooks;
        private readonly Task _telling;

        public Leading(DecisionWebhooks webhooks, Func<CancellationToken, Task> tell) =>
            (_webhooks, _telling) = (webhooks, tell(_ending.Token));

        public async ValueTask DisposeAsync()
        {
            await _ending.CancelAsync();
            await _telling;
            _webhooks.Dispose();
            _ending.Dispose();
        }
    }
}
