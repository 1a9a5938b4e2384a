using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Health;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Scheduler.Tests.Health;

/// <summary>The loop of the scheduler's own checks, on a clock that the test moves.</summary>
public sealed class HealthCheckRunnerTests : IAsyncDisposable
{
    private const double Year = 365 * 86_400;

    private readonly FakeTimeProvider _time = new();
    private readonly Channel<SchedulerInput> _reports = Channel.CreateUnbounded<SchedulerInput>();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Answers _answers;
    private readonly HttpClient _http;
    private readonly HealthCheckRunner _runner;
    private readonly Task _running;

    public HealthCheckRunnerTests()
    {
        _answers = new Answers(_time);
        _http = new HttpClient(_answers) { Timeout = Timeout.InfiniteTimeSpan };
        _runner = new HealthCheckRunner(new Probe(_http, _time), _time, new RoleHealth(_time), new Random(1), maxConcurrent: 2,
            _reports.Writer.WriteAsync);
        _running = _runner.RunAsync(_stopping.Token);
    }

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 20)];

    [Fact]
    public async Task Checks_of_a_year_keep_no_other_from_being_made()
    {
        Watch("patient", interval: Year, timeout: Year);
        Assert.True((await NextAsync("patient")).Success);
        Watch("busy", interval: 1, timeout: 1);
        for (var round = 0; round < 5; round++)
        {
            Assert.True((await NextAsync(TimeSpan.FromSeconds(1), "busy")).Success);
        }

        Assert.False(_running.IsCompleted);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Any_interval_timeout_and_grace_period_that_is_accepted_works(int seed)
    {
        var random = new Random(seed);
        var (interval, timeout, grace) = (Seconds(random), Seconds(random), Seconds(random));
        Watch("a", interval, timeout, grace);
        Assert.True((await NextAsync("a")).Success);

        // The first pause is spread over the interval; the next ones are whole.
        Assert.True((await NextAsync(TimeSpan.FromSeconds(interval / 50), "a")).Success);
        Assert.True((await NextAsync(TimeSpan.FromSeconds(interval / 50), "a")).Success);
        var asked = _answers.At.ToArray();
        Assert.True((asked[1] - asked[0]).TotalSeconds >= interval * 0.49);
        Assert.True((asked[2] - asked[1]).TotalSeconds >= interval * 0.99);
    }

    [Fact]
    public async Task Instances_that_hang_keep_no_other_from_being_looked_at_however_patient_their_checks_are()
    {
        _answers.Hangs = host => host.StartsWith("hung", StringComparison.Ordinal);
        Watch("hung1", interval: Year, timeout: Year);
        Watch("hung2", interval: Year, timeout: Year);
        await _answers.AskedAsync(2);
        Watch("busy", interval: 1, timeout: 1);

        Assert.True((await NextAsync(TimeSpan.FromSeconds(10), "busy")).Success);
        Assert.Contains("no answer within", (await NextAsync(TimeSpan.FromDays(30), "hung1", "hung2")).Cause,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_check_that_cannot_even_be_made_is_one_that_fails_with_its_cause()
    {
        _answers.Throws = new NotSupportedException("no such thing");
        Watch("a", interval: 1, timeout: 1);

        var result = await NextAsync("a");
        Assert.Equal((false, "no such thing"), (result.Success, result.Cause));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _http.Dispose();
        _answers.Dispose();
        _stopping.Dispose();
    }

    /// <summary>From a tenth of a second to a year, every size as likely as another.</summary>
    private static double Seconds(Random random) => Math.Round(0.1 * Math.Pow(Year / 0.1, random.NextDouble()), 3);

    private void Watch(string id, double interval, double timeout, double grace = 300)
    {
        var app = AppDefinition.FromWire(new App
        {
            Id = "/" + id,
            Cmd = "x",
            HealthChecks = [new AppHealthCheck { Protocol = "HTTP", Port = 80, IntervalSeconds = interval,
                TimeoutSeconds = timeout, GracePeriodSeconds = grace }],
        });
        var now = _time.GetUtcNow();
        var instance = new Instance
        {
            TaskId = id,
            AppId = app.Id,
            Version = now,
            ConfigVersion = now,
            AgentId = "a",
            Host = id,
            State = InstanceState.Running,
            StagedAt = now,
            Since = now,
            StartedAt = now,
        };
        _runner.Post(new WatchOrder(id, instance, app));
    }

    private Task<CheckResult> NextAsync(params string[] ids) => NextAsync(TimeSpan.Zero, ids);

    /// <summary>The next report about one of these; the clock goes on by steps until it comes.</summary>
    private async Task<CheckResult> NextAsync(TimeSpan step, params string[] ids)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            var reading = _reports.Reader.ReadAsync(patience.Token).AsTask();
            while (step > TimeSpan.Zero && await Task.WhenAny(reading, Task.Delay(2, patience.Token)) != reading)
                _time.Advance(step);
            var report = Assert.IsType<HealthReported>(await reading);
            if (ids.Contains(report.TaskId)) return report.Result;
        }
    }

    private sealed class Answers(TimeProvider time) : HttpMessageHandler
    {
        private readonly Channel<bool> _asked = Channel.CreateUnbounded<bool>();

        /// <summary>When it was asked: what is seen of a report may be late.</summary>
        public ConcurrentQueue<DateTimeOffset> At { get; } = new();

        public Func<string, bool> Hangs { get; set; } = _ => false;

        public Exception? Throws { get; set; }

        public async Task AskedAsync(int count)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            for (; count > 0; count--) await _asked.Reader.ReadAsync(patience.Token);
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
            CancellationToken cancellationToken)
        {
            At.Enqueue(time.GetUtcNow());
            _asked.Writer.TryWrite(true);
            if (Throws is { } exception) throw exception;
            if (Hangs(request.RequestUri!.Host)) await Task.Delay(Timeout.Infinite, cancellationToken);
            return new HttpResponseMessage(HttpStatusCode.OK);
        }
    }
}
