using System.Threading.Channels;
using LifecycleManager.Console.Clients;
using LifecycleManager.Primitives.Timing;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Console.Live;

/// <summary>What was read of a role: the last good value, and since when it cannot be read any more.</summary>
/// <param name="Value">The last value; null before the first.</param>
/// <param name="At">When that was read.</param>
/// <param name="Trouble">Why it cannot be read now; null where it can.</param>
internal sealed record Reading<T>(T? Value, DateTimeOffset At, Trouble? Trouble)
    where T : class;

/// <summary>
/// What several pages show, read once for all of them: anew with each signal, at most some times a second, and after each period,
/// for what no event tells. Its followers are told where that has changed anything. One that fails keeps its last value, says why
/// and since when, and comes back by itself.
/// </summary>
/// <param name="read">Reads it.</param>
/// <param name="period">The longest time between two reads.</param>
/// <param name="signal">Says when it is time to look again; null where nothing does.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of defects.</param>
internal sealed class Watch<T>(
    Func<CancellationToken, Task<T>> read, TimeSpan period, Signal? signal, TimeProvider time, ILogger log)
    : WhileFollowed(time, log)
    where T : class
{
    private static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(3);

    // However much happens between two looks, one look is enough.
    private readonly Channel<bool> _due =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Lock _gate = new();
    private Task _reading = Task.CompletedTask;
    private Reading<T> _current = new(null, default, null);
    private byte[] _print = [];
    private long _readAt;

    /// <summary>What was read last.</summary>
    public Reading<T> Current => Volatile.Read(ref _current);

    /// <summary>What was read within the last seconds, or is read now.</summary>
    public async Task<Reading<T>> LatestAsync(CancellationToken cancellation)
    {
        if (_readAt == 0 || Time.GetElapsedTime(_readAt) > Fresh) await ReadOnce().WaitAsync(cancellation);
        return Current;
    }

    /// <summary>Looks again at once: something was changed here.</summary>
    public void Look() => _due.Writer.TryWrite(true);

    protected override async Task RunAsync(CancellationToken cancellation)
    {
        using var following = signal?.Follow(Look);
        while (true)
        {
            // One that began before what is told of says nothing of it.
            await _reading.WaitAsync(cancellation);
            await ReadOnce().WaitAsync(cancellation);
            await Time.DelayAsync(Gap, cancellation);
            using var limit = new TimeLimit(Time, Current.Trouble is null ? period : Retry, cancellation);
            try
            {
                await _due.Reader.ReadAsync(limit.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // The period is over.
            }
        }
    }

    /// <summary>Reads, or joins whoever reads. It ends by itself: the clients' calls have their limit.</summary>
    private Task ReadOnce()
    {
        lock (_gate) return _reading.IsCompleted ? _reading = Task.Run(ReadAsync) : _reading;
    }

    private async Task ReadAsync()
    {
        var last = Current;
        Reading<T> next;
        byte[] print;
        try
        {
            next = new Reading<T>(await read(CancellationToken.None), Time.GetUtcNow(), null);
            print = Fingerprint.Of(next.Value!);
        }
        catch (Exception e)
        {
            var trouble = CallProblems.Of(e, last.Trouble?.Since ?? Time.GetUtcNow());
            next = last with { Trouble = trouble, Value = trouble.IsUnknown ? null : last.Value };
            print = next.Value is null ? [] : _print;
        }

        var hasChanged = next.Trouble != last.Trouble || !print.AsSpan().SequenceEqual(_print);
        _print = print;
        _readAt = Time.GetTimestamp();
        Volatile.Write(ref _current, next);
        if (hasChanged) Tell();
    }
}
