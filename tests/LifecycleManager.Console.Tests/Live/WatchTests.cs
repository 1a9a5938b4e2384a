using System.Collections.Concurrent;
using LifecycleManager.Console.Live;
using LifecycleManager.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Console.Tests.Live;

public sealed class WatchTests
{
    [Fact]
    public async Task However_many_follow_it_is_read_once_and_again_with_each_signal()
    {
        var reads = 0;
        var (seenByOne, seenByOther) = (new ConcurrentQueue<string?>(), new ConcurrentQueue<string?>());
        Action? pulse = null;
        var signal = new Signal(
            (tell, cancellation) =>
            {
                pulse = tell;
                return Task.Delay(Timeout.Infinite, cancellation);
            }, TimeProvider.System, NullLogger.Instance);
        var watch = new Watch<string>(
            _ => Task.FromResult($"{Interlocked.Increment(ref reads)}"), TimeSpan.FromHours(1), signal, TimeProvider.System,
            NullLogger.Instance);

        using var one = watch.Follow(() => seenByOne.Enqueue(watch.Current.Value));
        using var other = watch.Follow(() => seenByOther.Enqueue(watch.Current.Value));
        await Eventually.TrueAsync(() => watch.Current.Value == "1" && pulse is not null);
        pulse!();
        await Eventually.TrueAsync(() => seenByOne.Contains("2") && seenByOther.Contains("2"));
        Assert.Equal(2, reads);
    }

    [Fact]
    public async Task Who_follows_is_told_of_what_has_changed_alone()
    {
        var (value, reads, told) = ("one", 0, 0);
        var watch = new Watch<IReadOnlyList<string>>(
            _ =>
            {
                Interlocked.Increment(ref reads);
                return Task.FromResult<IReadOnlyList<string>>([value]);
            }, TimeSpan.FromHours(1), null, TimeProvider.System, NullLogger.Instance);
        using var following = watch.Follow(() => Interlocked.Increment(ref told));
        await Eventually.TrueAsync(() => LookUntil(3));
        Assert.Equal(1, told);

        value = "two";
        var before = reads;
        await Eventually.TrueAsync(() => LookUntil(before + 2));
        Assert.Equal(2, told);

        bool LookUntil(int count)
        {
            watch.Look();
            return Volatile.Read(ref reads) > count;
        }
    }

    [Fact]
    public async Task One_that_fails_keeps_what_was_read_says_since_when_and_comes_back_by_itself()
    {
        var fails = false;
        var watch = new Watch<string>(
            _ => fails ? throw new HttpRequestException("nobody is there") : Task.FromResult("value"),
            TimeSpan.FromHours(1), null, TimeProvider.System, NullLogger.Instance);
        using var following = watch.Follow(() => { });
        await Eventually.TrueAsync(() => watch.Current.Value == "value");

        fails = true;
        watch.Look();
        await Eventually.TrueAsync(() => watch.Current.Trouble is { Message: "nobody is there" });
        var since = watch.Current.Trouble!.Since;
        watch.Look();
        Assert.Equal(("value", since), (watch.Current.Value, watch.Current.Trouble!.Since));

        fails = false;
        await Eventually.TrueAsync(() => watch.Current.Trouble is null);
    }

    [Fact]
    public async Task What_ends_by_itself_or_by_a_defect_begins_again_and_is_told()
    {
        var (begun, time) = (0, new FakeTimeProvider());
        using var log = new RecordingLog();
        var signal = new Signal((_, cancellation) => Interlocked.Increment(ref begun) switch
        {
            1 => throw new InvalidDataException("a defect"),
            2 => Task.CompletedTask,
            _ => Task.Delay(Timeout.Infinite, cancellation),
        }, time, log);
        using var following = signal.Follow(() => { });
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(3));
            return Volatile.Read(ref begun) == 3;
        });
        Assert.True(signal.IsRunning);
        Assert.Contains("a defect", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_ends_a_little_after_the_last_has_left_and_not_when_the_next_page_follows_at_once()
    {
        var time = new FakeTimeProvider();
        var watch = new Watch<string>(_ => Task.FromResult("value"), TimeSpan.FromHours(1), null, time, NullLogger.Instance);
        var one = watch.Follow(() => { });
        await Eventually.TrueAsync(() => watch.Current.Value is not null);

        one.Dispose();
        var other = watch.Follow(() => { });
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(watch.IsRunning);

        other.Dispose();
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(6));
            return !watch.IsRunning;
        });
    }
}
