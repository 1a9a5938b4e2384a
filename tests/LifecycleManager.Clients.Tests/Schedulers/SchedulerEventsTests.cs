using System.IO.Pipelines;
using System.Net;
using System.Text;
using LifecycleManager.Clients.Schedulers;
using LifecycleManager.Protocol.Marathon;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Clients.Tests.Schedulers;

public sealed class SchedulerEventsTests : IAsyncDisposable
{
    private static readonly string[] Types = ["status_update_event", "api_post_event"];
    private static readonly TimeSpan Long = TimeSpan.FromDays(1);
    private readonly FakeTimeProvider _time = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly FakeServers _servers;
    private readonly SchedulerEvents _events;
    private readonly Task _running;
    private Pipe _stream = new();
    private bool _away = true;

    public SchedulerEventsTests()
    {
        _servers = new FakeServers(_ => _away ? new HttpResponseMessage(HttpStatusCode.ServiceUnavailable)
            : new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(_stream.Reader.AsStream()) });
        var http = new HttpClient(_servers) { BaseAddress = new Uri("http://scheduler:8080") };
        _events = new SchedulerEvents(
            MarathonApi.For(http), Types, _time, new Random(1), NullLogger<SchedulerEvents>.Instance);
        _running = _events.RunAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running);
        _stop.Dispose();
    }

    [Fact]
    public async Task An_opened_stream_and_each_wanted_event_are_times_to_look_again()
    {
        await OpenAsync();
        await _events.WaitAsync(Long, default);

        var waiting = _events.WaitAsync(Long, default);
        await SendAsync("event: event_stream_attached\r\ndata: {}\r\n\r\n: a comment\n\ndata: of no type\n\n");
        await SendAsync("event: deployment_info\ndata: {\ndata: }\n\n");
        Assert.False(waiting.IsCompleted);
        await SendAsync("event: api_post_event\ndata: {}\n\n");
        await waiting;

        // A burst between two looks is one.
        for (var i = 0; i < 10; i++) await SendAsync("event: status_update_event\ndata: {}\n\n");
        await EndAsync();
        await _events.WaitAsync(Long, default);
        waiting = _events.WaitAsync(TimeSpan.FromSeconds(1), default);
        Assert.False(waiting.IsCompleted);
        _away = true;
        _time.Advance(TimeSpan.FromSeconds(1));
        await waiting;
    }

    [Fact]
    public async Task After_a_stream_that_ended_another_is_opened_and_what_was_missed_is_looked_for()
    {
        await OpenAsync();
        await _events.WaitAsync(Long, default);
        Assert.Contains(
            "http://scheduler:8080/v2/events?plan-format=light" + string.Concat(Types.Select(type => $"&event_type={type}")),
            _servers.Calls);

        await EndAsync();
        var waiting = _events.WaitAsync(Long, default);
        Assert.False(waiting.IsCompleted);
        await OpenAsync();
        await waiting;
    }

    [Fact]
    public async Task While_no_scheduler_answers_attempts_become_rare()
    {
        var attempts = _servers.Calls.Count;
        for (var passed = TimeSpan.Zero; passed < TimeSpan.FromMinutes(10); passed += TimeSpan.FromSeconds(1))
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.False(_events.IsOpen);
        Assert.InRange(_servers.Calls.Count - attempts, 10, 60);
    }

    // The time passes until it is tried again.
    private async Task OpenAsync()
    {
        _away = false;
        await Eventually.TrueAsync(() =>
        {
            if (!_events.IsOpen) _time.Advance(TimeSpan.FromSeconds(1));
            return _events.IsOpen;
        });
    }

    private async Task SendAsync(string text) => await _stream.Writer.WriteAsync(Encoding.UTF8.GetBytes(text));

    private async Task EndAsync()
    {
        await _stream.Writer.CompleteAsync();
        await Eventually.TrueAsync(() => !_events.IsOpen);
        _stream = new Pipe();
    }
}
