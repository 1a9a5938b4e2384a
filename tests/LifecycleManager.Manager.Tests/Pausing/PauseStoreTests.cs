using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Pausing;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Manager.Tests.Pausing;

public sealed class PauseStoreTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private StateBackend _backend = null!;
    private PauseStore _pauses = null!;

    public async ValueTask InitializeAsync()
    {
        _backend = await StateBackend.OpenAsync("memory:", null, TimeProvider.System, NullLoggerFactory.Instance, default);
        _pauses = new PauseStore(_backend.Store, _time);
        await _pauses.LoadAsync(default);
    }

    public async ValueTask DisposeAsync()
    {
        _pauses.Dispose();
        await _backend.DisposeAsync();
    }

    [Fact]
    public async Task A_pause_stands_in_the_way_of_its_direction_alone_until_its_end()
    {
        await PauseAsync("/web", Pause.ScaleIn, TimeSpan.FromMinutes(10));
        Assert.NotNull(_pauses.Against("/web", DecisionKind.ScaleIn));
        Assert.Null(_pauses.Against("/web", DecisionKind.ScaleOut));
        Assert.Null(_pauses.Against("/other", DecisionKind.ScaleIn));
        Assert.False(_pauses.IsPaused("/web"));

        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Null(_pauses.Against("/web", DecisionKind.ScaleIn));
        Assert.Empty(_pauses.Current);
    }

    [Fact]
    public async Task Directions_add_up_and_are_lifted_one_by_one()
    {
        await PauseAsync(null, Pause.ScaleIn, null);
        await PauseAsync(null, Pause.ScaleOut, null);
        Assert.True(_pauses.IsPaused("/anything"));

        Assert.True(await _pauses.ResumeAsync(null, Pause.ScaleIn, null, default));
        Assert.False(await _pauses.ResumeAsync(null, Pause.ScaleIn, null, default));
        Assert.Null(_pauses.Against("/anything", DecisionKind.ScaleIn));
        Assert.NotNull(_pauses.Against("/anything", DecisionKind.ScaleOut));
    }

    [Fact]
    public async Task They_are_stored_before_they_count_and_a_successor_has_them()
    {
        await PauseAsync("/web", Pause.ScaleIn | Pause.ScaleOut, TimeSpan.FromHours(1));
        using var successor = new PauseStore(_backend.Store, _time);
        await successor.LoadAsync(default);
        Assert.Equal(_pauses.Current, successor.Current);
        Assert.Equal(_pauses.Current, await PauseStore.ReadAsync(_backend.Store, _time, default));
        Assert.Equal("scaling was paused by hand at 2000-01-01 00:00:00Z until 2000-01-01 01:00:00Z: a test",
            Assert.Single(successor.Current).ToString());
    }

    private Task PauseAsync(string? app, Pause what, TimeSpan? time) =>
        _pauses.PauseAsync(app, what, "a test", time is { } lasts ? _time.GetUtcNow() + lasts : null, null, default);
}
