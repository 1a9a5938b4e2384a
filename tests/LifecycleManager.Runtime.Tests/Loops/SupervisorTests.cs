using LifecycleManager.Runtime.Health;
using LifecycleManager.Runtime.Loops;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Runtime.Tests.Loops;

public sealed class SupervisorTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly PauseLog _log = new();
    private readonly RoleHealth _health;
    private readonly Supervisor _supervisor;
    private readonly CancellationTokenSource _end = new();
    private readonly List<DateTimeOffset> _begun = [];

    public SupervisorTests()
    {
        _health = new RoleHealth(_time);
        _supervisor = new Supervisor("the term", _time, _health, _log);
    }

    public void Dispose()
    {
        _supervisor.Dispose();
        _end.Dispose();
    }

    [Fact]
    public async Task Three_failures_of_one_cause_in_a_minute_wait_for_half_a_minute()
    {
        var running = RunAsync(_ => throw new InvalidDataException("always"));
        await AdvanceUntilBegunAsync(5);
        Assert.Equal([1, 1, 30, 30], _log.Pauses.Take(4));
        Assert.Equal(["the term has failed: always"], _health.Verdict().Reasons);
        await EndAsync(running);
    }

    [Fact]
    public async Task Failures_of_different_causes_do_not_add_up()
    {
        var running = RunAsync(_ => throw new InvalidDataException($"cause {_begun.Count}"));
        await AdvanceUntilBegunAsync(6);
        Assert.Equal([1, 1, 1, 1, 1], _log.Pauses.Take(5));
        await EndAsync(running);
    }

    [Fact]
    public async Task An_end_in_order_is_no_failure()
    {
        var running = RunAsync(_ => Task.CompletedTask);
        await AdvanceUntilBegunAsync(5);
        Assert.Empty(_log.Pauses);
        Assert.True(_health.Verdict().IsUp);
        await EndAsync(running);
    }

    [Fact]
    public async Task A_failure_shows_until_the_work_has_lasted()
    {
        var running = RunAsync(async cancellation =>
        {
            if (_begun.Count == 1) throw new InvalidDataException("once");
            _supervisor.Working();
            await Task.Delay(Timeout.Infinite, cancellation);
        });
        await AdvanceUntilBegunAsync(2);
        _time.Advance(Supervisor.Proof - TimeSpan.FromSeconds(1));
        Assert.Equal("once", _supervisor.Failure);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_health.Verdict().IsUp);
        await EndAsync(running);
    }

    [Fact]
    public async Task Waiting_to_work_again_excuses_nothing_but_another_that_works_does()
    {
        var running = RunAsync(async cancellation =>
        {
            if (_begun.Count == 1) throw new InvalidDataException("once");
            await Task.Delay(Timeout.Infinite, cancellation);
        });
        await AdvanceUntilBegunAsync(2);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(_health.Verdict().IsUp);
        _supervisor.Excuse();
        Assert.True(_health.Verdict().IsUp);
        await EndAsync(running);
    }

    private async Task RunAsync(Func<CancellationToken, Task> run)
    {
        await _supervisor.RunAsync(
            async cancellation =>
            {
                _begun.Add(_time.GetUtcNow());
                await run(cancellation);
            },
            _end.Token);
    }

    [Fact]
    public async Task What_fails_as_it_is_ended_is_told_and_is_no_failure()
    {
        await EndAsync(_supervisor.RunAsync(
            async end =>
            {
                await Task.Delay(Timeout.Infinite, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw new InvalidDataException("the store is closed");
            }, _end.Token));
        Assert.Equal(["the store is closed"], _log.Ends);
        Assert.Empty(_log.Pauses);
        Assert.Empty(_health.Verdict().Reasons);
    }

    private async Task EndAsync(Task running)
    {
        await _end.CancelAsync();
        await running;
    }

    private async Task AdvanceUntilBegunAsync(int count)
    {
        for (var steps = 0; _begun.Count < count; steps++)
        {
            Assert.True(steps < 10_000, $"{_begun.Count} of {count} runs");
            _time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Delay(1);
        }
    }

    /// <summary>The pauses as the log has them: exact, however late a thread runs.</summary>
    private sealed class PauseLog : ILogger
    {
        public List<double> Pauses { get; } = [];

        public List<string> Ends { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var values = Assert.IsType<IReadOnlyList<KeyValuePair<string, object?>>>(state, exactMatch: false);
            if (logLevel == LogLevel.Warning) Ends.Add((string)values.Single(value => value.Key == "Reason").Value!);
            else Pauses.Add((double)values.Single(value => value.Key == "Seconds").Value!);
        }
    }
}
