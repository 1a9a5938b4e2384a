using System.Net;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Demo.Tests;

public sealed class DemoLoadTests : IDisposable
{
    private static readonly CancellationToken Stop = TestContext.Current.CancellationToken;
    private readonly FakeTimeProvider _time = new();
    private readonly Handler _handler = new();

    [Fact]
    public async Task Each_phase_begins_its_rate_s_requests_in_turn_over_the_instances()
    {
        var begun = new List<string>();
        var load = Load([new("http://a:1/"), new("http://b:2/")]);

        await Run(load.RunAsync(DemoLoad.QuietBusyQuiet(Seconds(2), Seconds(1), Seconds(3), 1, 50),
            phase => begun.Add(phase.Name), Stop));

        Assert.Equal(["quiet", "busy", "quiet again"], begun);
        Assert.Equal(new DemoLoadCounts(Ok: 2 + 50 + 3, Failed: 0, Skipped: 0, LastFailure: null), load.Counts);
        Assert.Equal(["http://a:1/search?origin=NYC&destination=SFO", "http://b:2/search?origin=NYC&destination=SFO"],
            _handler.Asked.Take(2));
        Assert.Equal(28, _handler.Asked.Count(url => url.StartsWith("http://a", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Errors_and_refusals_count_as_failed_with_the_last_reason()
    {
        var load = Load([new("http://a:1/")]);
        _handler.Answer = _ => Task.FromResult(new HttpResponseMessage(HttpStatusCode.ServiceUnavailable));
        await Run(load.RunAsync([new("one", Seconds(1), 2)], null, Stop));
        Assert.Equal(new DemoLoadCounts(0, 2, 0, "a:1 answered 503"), load.Counts);

        _handler.Answer = _ => throw new HttpRequestException("refused");
        await Run(load.RunAsync([new("two", Seconds(1), 1)], null, Stop));
        Assert.Equal(new DemoLoadCounts(0, 3, 0, "a:1: refused"), load.Counts);
    }

    [Fact]
    public async Task A_request_that_finds_nobody_goes_once_more_to_the_next_instance()
    {
        var load = Load([new("http://a:1/"), new("http://b:2/")]);
        _handler.Answer = _ => _handler.Asked[^1].StartsWith("http://a", StringComparison.Ordinal)
            ? throw new HttpRequestException("refused")
            : Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK));

        await Run(load.RunAsync([new("one", Seconds(1), 2)], null, Stop));

        Assert.Equal(new DemoLoadCounts(2, 0, 0, null), load.Counts);
        Assert.Equal(4, _handler.Asked.Count);
    }

    [Fact]
    public async Task Above_the_bound_and_without_an_instance_requests_are_skipped_not_queued()
    {
        var answer = new TaskCompletionSource();
        _handler.Answer = async _ =>
        {
            await answer.Task;
            return new HttpResponseMessage(HttpStatusCode.OK);
        };
        var load = Load([new("http://a:1/")]);
        var run = load.RunAsync([new("busy", Seconds(1), 10)], null, Stop);
        while (_handler.Asked.Count + load.Counts.Skipped < 10) await Step();
        answer.SetResult();
        await Run(run);
        Assert.Equal(new DemoLoadCounts(4, 0, 6, null), load.Counts);

        var nowhere = Load([]);
        await Run(nowhere.RunAsync([new("busy", Seconds(1), 10)], null, Stop));
        Assert.Equal(new DemoLoadCounts(0, 0, 10, null), nowhere.Counts);
    }

    [Fact]
    public async Task Cancelled_it_ends_without_an_exception_or_a_failure()
    {
        using var cancel = new CancellationTokenSource();
        _handler.Answer = async stop =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, stop);
            throw new InvalidOperationException();
        };
        var load = Load([new("http://a:1/")]);

        await Run(load.RunAsync([new("long", TimeSpan.FromHours(1), 1)], null, cancel.Token));

        Assert.Equal(new DemoLoadCounts(0, 0, 0, null), load.Counts);
    }

    public void Dispose() => _handler.Dispose();

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);

    private DemoLoad Load(IReadOnlyList<Uri> instances) =>
        new(() => instances, new HttpClient(_handler), _time) { MaxConcurrency = 4 };

    private async Task Run(Task run)
    {
        while (!run.IsCompleted) await Step();
        await run;
    }

    /// <summary>Lets the load's timer fire and what follows from it happen.</summary>
    private async Task Step()
    {
        _time.Advance(TimeSpan.FromMilliseconds(20));
        await Task.Delay(1, Stop);
    }

    private sealed class Handler : HttpMessageHandler
    {
        public Func<CancellationToken, Task<HttpResponseMessage>> Answer { get; set; } = _ =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK));

        public List<string> Asked { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked.Add(request.RequestUri!.ToString());
            return Answer(cancellationToken);
        }
    }
}
