using LifecycleManager.Runtime.Health;
using LifecycleManager.Storage.Leading;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Storage.Tests.Leading;

public sealed class LeadershipServiceTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly RoleHealth _health;
    private readonly CancellationTokenSource _end = new();
    private readonly string _state = $"memory:{Guid.NewGuid():N}";
    private readonly List<StateBackend> _backends = [];

    public LeadershipServiceTests() => _health = new RoleHealth(_time);

    public async ValueTask DisposeAsync()
    {
        foreach (var backend in _backends) await backend.DisposeAsync();
        _end.Dispose();
    }

    [Fact]
    public async Task It_leads_until_it_gives_the_lead_up_and_stands_again()
    {
        using var service = await ServiceAsync("http://one");
        var terms = new List<long>();
        var running = service.RunAsync(
            async (leadership, term) =>
            {
                terms.Add(leadership.Fence.Token);
                await Task.Delay(Timeout.Infinite, term);
            },
            _end.Token);
        await EventuallyAsync(() => service.IsLeading && terms.Count == 1);
        Assert.Equal("http://one", service.LastKnownLeader);
        Assert.True(await service.AbdicateAsync());
        await EventuallyAsync(() => terms.Count == 2);
        Assert.True(terms[1] > terms[0]);
        Assert.True(_health.Verdict().IsUp);
        await _end.CancelAsync();
        await running;
        Assert.False(service.IsLeading);
        Assert.False(await service.AbdicateAsync());
    }

    [Fact]
    public async Task A_standby_knows_the_leader_and_takes_over()
    {
        using var one = await ServiceAsync("http://one");
        using var two = await ServiceAsync("http://two");
        using var oneEnds = new CancellationTokenSource();
        var first = one.RunAsync((_, term) => Task.Delay(Timeout.Infinite, term), oneEnds.Token);
        await EventuallyAsync(() => one.IsLeading);
        var second = two.RunAsync((_, term) => Task.Delay(Timeout.Infinite, term), _end.Token);
        await EventuallyAsync(() => two.LastKnownLeader == "http://one");
        Assert.Equal("http://one", await two.LeaderAsync(CancellationToken.None));
        await oneEnds.CancelAsync();
        await first;
        await EventuallyAsync(() => two.IsLeading);
        Assert.Equal("http://two", await two.LeaderAsync(CancellationToken.None));
        await _end.CancelAsync();
        await second;
    }

    [Fact]
    public async Task Who_stands_by_knows_the_leader_before_any_time_has_passed()
    {
        using var one = await ServiceAsync("http://one");
        using var two = await ServiceAsync("http://two");
        var first = one.RunAsync((_, term) => Task.Delay(Timeout.Infinite, term), _end.Token);
        await Eventually.TrueAsync(() => one.IsLeading);
        var second = two.RunAsync((_, term) => Task.Delay(Timeout.Infinite, term), _end.Token);
        await Eventually.TrueAsync(() => two.LastKnownLeader == "http://one");
        await _end.CancelAsync();
        await Task.WhenAll(first, second);
    }

    [Fact]
    public async Task A_term_that_fails_shows_in_health_and_the_lead_is_free_meanwhile()
    {
        using var one = await ServiceAsync("http://one");
        using var two = await ServiceAsync("http://two", new RoleHealth(_time));
        var first = one.RunAsync((_, _) => throw new InvalidDataException("what is stored cannot be read"), _end.Token);
        await EventuallyAsync(() => one.Failure is not null);
        Assert.Equal(["the master's term has failed: what is stored cannot be read"], _health.Verdict().Reasons);
        var second = two.RunAsync((_, term) => Task.Delay(Timeout.Infinite, term), _end.Token);
        await EventuallyAsync(() => two.IsLeading);

        // The other one does the work: this one stands by and is well.
        await EventuallyAsync(() => _health.Verdict().IsUp);
        await _end.CancelAsync();
        await Task.WhenAll(first, second);
    }

    [Fact]
    public async Task A_fence_that_the_store_refused_is_a_lost_lead_and_no_failure()
    {
        using var service = await ServiceAsync("http://one");
        var terms = 0;
        var running = service.RunAsync(
            (leadership, term) =>
                ++terms == 1 ? throw new FencedException(leadership.Fence) : Task.Delay(Timeout.Infinite, term), _end.Token);
        await EventuallyAsync(() => terms == 2);
        Assert.Null(service.Failure);
        await _end.CancelAsync();
        await running;
    }

    private async Task<LeadershipService> ServiceAsync(string address, RoleHealth? health = null)
    {
        var backend = await StateBackend.OpenAsync(_state, null, TimeProvider.System, NullLoggerFactory.Instance,
            CancellationToken.None);
        _backends.Add(backend);
        return new LeadershipService(backend.Election, "master", address, health ?? _health, _time, NullLogger.Instance);
    }

    private async Task EventuallyAsync(Func<bool> condition) => await Eventually.TrueAsync(() =>
    {
        if (condition()) return true;
        _time.Advance(TimeSpan.FromSeconds(1));
        return condition();
    });
}
