using CsCheck;
using LifecycleManager.Primitives.Timing;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Primitives.Tests.Timing;

public sealed class CappedTimerTests
{
    /// <summary>
    /// Durations of every size: ticks, what .NET's timers take, and up to 27 years, to where a clock is exact to the tick.
    /// </summary>
    private static readonly Gen<TimeSpan> AnyDuration = Gen.OneOf(
        Gen.Long[1, TimeSpan.TicksPerSecond], Gen.Long[1, 49 * TimeSpan.TicksPerDay], Gen.Long[1, 10_000 * TimeSpan.TicksPerDay])
        .Select(ticks => TimeSpan.FromTicks(ticks));

    [Fact]
    public void A_timer_fires_once_at_its_time_and_never_before_whatever_its_length() => AnyDuration.Sample(due =>
    {
        var time = new FakeTimeProvider();
        var fired = 0;
        using var timer = new CappedTimer(time, () => fired++);
        timer.Set(due);
        if (due > TimeSpan.FromMilliseconds(1)) time.Advance(due - TimeSpan.FromTicks(1));
        var early = fired;
        time.Advance(TimeSpan.FromMilliseconds(2));
        time.Advance(TimeSpan.FromDays(365));
        return early == 0 && fired == 1;
    }, iter: 300);

    [Fact]
    public void A_timer_that_is_set_anew_forgets_what_it_was_set_to()
    {
        var time = new FakeTimeProvider();
        var fired = 0;
        using var timer = new CappedTimer(time, () => fired++);
        timer.Set(TimeSpan.FromDays(100));
        time.Advance(TimeSpan.FromDays(99));
        timer.Set(TimeSpan.FromDays(100));
        time.Advance(TimeSpan.FromDays(99));
        Assert.Equal(0, fired);
        time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(1, fired);
        timer.Set(TimeSpan.Zero);
        time.Advance(TimeSpan.Zero);
        Assert.Equal(2, fired);
        timer.Set(TimeSpan.FromDays(1));
        timer.Stop();
        time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(2, fired);
    }

    [Fact]
    public void A_change_of_the_wall_clock_moves_nothing()
    {
        var time = new FakeTimeProvider { AutoAdvanceAmount = TimeSpan.Zero };
        var fired = 0;
        using var timer = new CappedTimer(time, () => fired++);
        timer.Set(TimeSpan.MaxValue);
        time.Advance(TimeSpan.FromDays(365_000));
        Assert.Equal(0, fired);
    }

    [Fact]
    public async Task A_delay_takes_any_length_and_ends_when_cancelled()
    {
        var time = new FakeTimeProvider();
        var year = time.DelayAsync(TimeSpan.FromDays(365));
        time.Advance(TimeSpan.FromDays(364));
        Assert.False(year.IsCompleted);
        // A delay goes on in steps on its own thread: each is waited for.
        for (var step = 0; step < 10_000 && !year.IsCompleted; step++)
        {
            time.Advance(TimeSpan.FromHours(1));
            await Task.Yield();
        }

        await year;
        using var ending = new CancellationTokenSource();
        var ages = time.DelayAsync(TimeSpan.MaxValue, ending.Token);
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ages);
        await time.DelayAsync(TimeSpan.FromSeconds(-1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => time.DelayAsync(TimeSpan.Zero, ending.Token));
    }

    [Fact]
    public void A_limit_is_reached_at_its_time_and_follows_another_token() => AnyDuration.Sample(limit =>
    {
        var time = new FakeTimeProvider();
        using var other = new CancellationTokenSource();
        using var reached = new TimeLimit(time, limit);
        using var cut = new TimeLimit(time, limit, other.Token);
        if (limit > TimeSpan.FromMilliseconds(1)) time.Advance(limit - TimeSpan.FromTicks(1));
        var early = reached.Token.IsCancellationRequested || cut.Token.IsCancellationRequested;
        other.Cancel();
        time.Advance(TimeSpan.FromMilliseconds(2));
        return !early && reached.Token.IsCancellationRequested && cut.Token.IsCancellationRequested;
    }, iter: 300);

    [Fact]
    public void A_limit_begins_anew_and_none_is_over_at_once()
    {
        var time = new FakeTimeProvider();
        using var limit = new TimeLimit(time, TimeSpan.FromSeconds(5));
        time.Advance(TimeSpan.FromSeconds(4));
        limit.Restart(TimeSpan.FromSeconds(5));
        time.Advance(TimeSpan.FromSeconds(4));
        Assert.False(limit.Token.IsCancellationRequested);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(limit.Token.IsCancellationRequested);
        using var none = new TimeLimit(time, TimeSpan.Zero);
        Assert.True(none.Token.IsCancellationRequested);
    }

    [Fact]
    public void Instants_and_durations_stay_within_what_there_is()
    {
        var now = new DateTimeOffset(2026, 11, 28, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(now.AddDays(1), now.Plus(TimeSpan.FromDays(1)));
        Assert.Equal(now.AddDays(-1), now.Plus(TimeSpan.FromDays(-1)));
        Assert.Equal(DateTimeOffset.MaxValue, now.Plus(TimeSpan.MaxValue));
        Assert.Equal(DateTimeOffset.MinValue, now.Plus(TimeSpan.MinValue));
        Assert.Equal(TimeSpan.FromSeconds(1.5), LongDurations.FromSeconds(1.5));
        Assert.Equal(TimeSpan.MaxValue, LongDurations.FromSeconds(1e300));
        Assert.Equal(TimeSpan.Zero, LongDurations.FromSeconds(-1));
        Assert.Equal(TimeSpan.Zero, LongDurations.FromSeconds(double.NaN));
        Assert.Equal(TimeSpan.MaxValue, TimeSpan.FromDays(100_000).Times(1e9));
        Gen.Double.Sample(seconds => LongDurations.FromSeconds(seconds) >= TimeSpan.Zero);
    }
}
