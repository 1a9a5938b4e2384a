using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using LifecycleManager.Decisions.Schedules;
using LifecycleManager.Manager.Scheduling;
using LifecycleManager.Manager.Tests.Fakes;
using Microsoft.Extensions.Logging.Abstractions;
using static LifecycleManager.Manager.Tests.Scheduling.ScheduleOwnerTests;

namespace LifecycleManager.Manager.Tests.Scheduling;

/// <summary>Hooks that answer, hang, fail and redirect, and what fires make of them.</summary>
public sealed class HookSenderTests
{
    private const string Batch = "/batch";

    [Theory]
    [InlineData(HttpStatusCode.OK, 1, true, "HTTP 200")]
    [InlineData(HttpStatusCode.InternalServerError, 5, false, "it answered HTTP 500")]
    [InlineData(HttpStatusCode.Found, 5, false, "it answered HTTP 302")]
    public async Task A_hook_is_tried_until_it_answers_and_five_times_at_most(
        HttpStatusCode status, int tries, bool answers, string detail)
    {
        var hook = new Answering(_ => Task.FromResult(new HttpResponseMessage(status)
        {
            Headers = { Location = new Uri("http://elsewhere/") },
        }));
        var result = await SendAsync(hook, "http://user:word@hooks.example/x?token=secret");
        Assert.Equal((answers ? HookOutcome.Answered : HookOutcome.Failed, detail, tries),
            (result.Outcome, result.Detail, result.Attempts));
        Assert.Equal(tries, hook.Requests.Count);
        Assert.All(hook.Requests, request =>
        {
            Assert.Equal("a%20b%4020261124T190000Z", request.Id);
            Assert.Equal("http://hooks.example/x?token=secret", request.Url);
            Assert.Equal("Basic dXNlcjp3b3Jk", request.Authorization);
            Assert.Equal("before", request.Body.GetProperty("phase").GetString());
            Assert.Equal("a b", request.Body.GetProperty("schedule").GetString());
        });
        Assert.Equal("http://hooks.example/x?...", HookSender.Shown("http://user:word@hooks.example/x?token=secret"));
    }

    [Fact]
    public async Task A_hook_that_hangs_is_given_up_after_ten_seconds_a_try()
    {
        var hook = new Answering(async cancellation =>
        {
            await Task.Delay(Timeout.Infinite, cancellation);
            throw new InvalidOperationException("it never ends");
        });
        var result = await SendAsync(hook, "http://hooks.example/x");
        Assert.Equal((HookOutcome.Failed, "it did not answer within 10 s", 5), (result.Outcome, result.Detail, result.Attempts));
    }

    [Fact]
    public async Task One_hook_too_many_fails_at_once()
    {
        var results = new ConcurrentQueue<HookResult>();
        using var sender = new HookSender(
            new Answering(async cancellation =>
            {
                await Task.Delay(Timeout.Infinite, cancellation);
                throw new InvalidOperationException("it never ends");
            }),
            TimeProvider.System, NullLogger.Instance, results.Enqueue);
        for (var i = 0; i <= HookSender.MostWaiting; i++) sender.Send(Fire("http://hooks.example/x"), isAfter: false);
        Assert.Equal("1000 hooks wait already", Assert.Single(results).Detail);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(500)]
    public async Task A_required_hook_before_holds_the_count_until_it_has_answered(int status)
    {
        var expected = status == 200 ? FireState.Done : FireState.Failed;
        var release = new TaskCompletionSource();
        await using var server = await FakeServer.StartAsync();
        server.Answer = _ =>
        {
            release.Task.Wait();
            return (status, "");
        };
        await using var term = await StartAsync();
        await term.UseJobsAsync(Jobs.Set("nightly", Batch, 20, At(term, 60), Jobs.For(30)) with
        {
            Before = new ScheduleHook(new Uri(server.Address, "/before"), Required: true),
            After = new ScheduleHook(new Uri(server.Address, "/after"), Required: false),
        });
        await term.TickAsync(60);
        await Eventually.TrueAsync(() => !server.Requests.IsEmpty);
        await term.TickAsync();
        Assert.Equal(3, term.Marathon[Batch].Instances);

        // A successor asks again, with the same id.
        await term.KillManagerAsync();
        await term.StartManagerAsync();
        await Eventually.TrueAsync(() => server.Requests.Count == 2);
        release.SetResult();
        await Eventually.TrueAsync(async () =>
        {
            await term.TickAsync();
            return (await OpenAsync(term)).Count == 0 || term.Marathon[Batch].Instances == 20;
        });
        Assert.Equal(expected == FireState.Done ? 20 : 3, term.Marathon[Batch].Instances);
        if (expected == FireState.Done)
        {
            await term.TickAsync(1_800);
            await Eventually.TrueAsync(async () =>
            {
                await term.TickAsync();
                return (await OpenAsync(term)).Count == 0;
            });
        }

        var fire = Assert.Single(await FiresAsync(term, "nightly"));
        Assert.Equal(expected, fire.State);
        Assert.All(server.Requests,
            request => Assert.Equal("nightly%4020261124T190105Z", request.Headers[HookSender.IdHeader]));
        if (expected == FireState.Done) Assert.Equal("/after", server.Requests.Last().Target);
        else Assert.Equal("its hook before is required, and failed: it answered HTTP 500", fire.Reason);
    }

    private static async Task<HookResult> SendAsync(Answering hook, string url)
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var ended = new TaskCompletionSource<HookResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var sender = new HookSender(hook, time, NullLogger.Instance, ended.SetResult);
        sender.Send(Fire(url), isAfter: false);
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return ended.Task.IsCompleted;
        });
        return await ended.Task;
    }

    private static FireRecord Fire(string url) => new()
    {
        Id = "a b@20261124T190000Z",
        Schedule = "a b",
        Due = new DateTimeOffset(2026, 11, 24, 19, 0, 0, TimeSpan.Zero),
        At = new DateTimeOffset(2026, 11, 24, 19, 0, 0, TimeSpan.Zero),
        State = FireState.SetOff,
        Exactly = 20,
        Before = new HookRecord(url, Required: true),
    };

    private sealed class Answering(Func<CancellationToken, Task<HttpResponseMessage>> answer) : HttpMessageHandler
    {
        public ConcurrentQueue<(string Id, string Url, string? Authorization, JsonElement Body)> Requests { get; } = new();

        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Enqueue((request.Headers.GetValues(HookSender.IdHeader).Single(), request.RequestUri!.ToString(),
                request.Headers.Authorization?.ToString(),
                JsonDocument.Parse(await request.Content!.ReadAsStringAsync(cancellationToken)).RootElement));
            return await answer(cancellationToken);
        }
    }
}
