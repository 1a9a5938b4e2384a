using System.Collections;
using System.Collections.Concurrent;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Metrics.Tests.Collecting;

/// <summary>
/// Each loop of the collector, killed by an exception: health turns red with the cause, and all of them begin again.
/// </summary>
public sealed class SupervisionTests : IDisposable
{
    private static readonly Uri Dead = new("http://127.0.0.1:9");
    private readonly FakeTimeProvider _time = new();
    private readonly FaultyLog _log = new();
    private readonly RoleHealth _health;
    private readonly MetricsCollector _collector;

    public SupervisionTests()
    {
        _health = new RoleHealth(_time);
        _collector = new MetricsCollector(
            new CollectorOptions { Scheduler = Dead }, _time, Prometheus.Metrics.NewCustomRegistry(), _log, _health);
    }

    public void Dispose() => _collector.Dispose();

    [Theory]
    [InlineData("the metrics collector")]
    [InlineData("the discovery of targets")]
    [InlineData("the scheduler's event stream")]
    public async Task A_loop_that_is_killed_shows_in_health_and_all_begin_again(string loop)
    {
        var demands = new Demands { Fault = loop == "the metrics collector" ? new InvalidDataException("killed") : null };
        _log.Faults = loop switch
        {
            "the discovery of targets" => "does not answer",
            "the scheduler's event stream" => "events end",
            _ => null,
        };
        _collector.Demand(demands);
        await _collector.StartAsync(default);
        await FailuresAsync(1);
        Assert.Equal([$"the collection of metrics has failed: {loop} failed: killed"], _health.Verdict().Reasons);

        (_log.Faults, demands.Fault) = (null, null);
        _time.Advance(TimeSpan.FromSeconds(1));
        await CollectsAsync();
        Assert.False(_health.Verdict().IsUp);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Empty(_health.Verdict().Reasons);
        await _collector.StopAsync(default);
    }

    [Fact]
    public async Task One_that_fails_three_times_in_a_minute_waits_half_a_minute()
    {
        _collector.Demand(new Demands { Fault = new InvalidDataException("always") });
        await _collector.StartAsync(default);
        for (var failures = 1; failures <= 3; failures++)
        {
            await FailuresAsync(failures);
            Assert.Contains("always", Assert.Single(_health.Verdict().Reasons), StringComparison.Ordinal);
            Assert.EndsWith(failures < 3 ? "begins again in 1 s" : "begins again in 30 s", _log.Failures.Last(),
                StringComparison.Ordinal);
            if (failures < 3) await NextAsync(failures + 1);
        }

        await _collector.StopAsync(default);
    }

    private Task FailuresAsync(int count) => Eventually.TrueAsync(() => _log.Failures.Count == count && !_health.Verdict().IsUp);

    /// <summary>Lets the pause go by; it may begin a moment after the failure was logged.</summary>
    private Task NextAsync(int failures) => Eventually.TrueAsync(() =>
    {
        if (_log.Failures.Count < failures) _time.Advance(TimeSpan.FromSeconds(0.2));
        return _log.Failures.Count == failures;
    });

    private Task CollectsAsync() => Eventually.TrueAsync(() =>
    {
        var collects = _collector.Read("/app", Demands.Query, _time.GetUtcNow()).Missing?.Contains("not collected",
            StringComparison.Ordinal) == false;
        if (!collects) _time.Advance(TimeSpan.FromSeconds(0.2));
        return collects;
    });

    /// <summary>Demands that throw when the collector's owner takes them in.</summary>
    private sealed class Demands : IReadOnlyCollection<MetricDemand>
    {
        public static readonly MetricQuery Query = new() { Source = MetricSource.Prometheus, Selector = "up" };

        public Exception? Fault { get; set; }

        public int Count => 1;

        public IEnumerator<MetricDemand> GetEnumerator() =>
            Fault is { } fault ? throw fault : Enumerable.Repeat(new MetricDemand("/app", Query), 1).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    /// <summary>A log that kills whoever writes a certain line to it, and keeps what the supervisor says.</summary>
    private sealed class FaultyLog : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<string> Failures { get; } = new();

        public string? Faults { get; set; }

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var line = formatter(state, exception);
            if (Faults is { } fault && line.Contains(fault, StringComparison.Ordinal)) throw new InvalidDataException("killed");
            if (line.Contains("begins again", StringComparison.Ordinal)) Failures.Enqueue(line);
        }

        public void Dispose()
        {
        }
    }
}
