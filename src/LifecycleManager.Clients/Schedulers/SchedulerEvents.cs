using System.Threading.Channels;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Runtime.Reconnecting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Clients.Schedulers;

/// <summary>
/// Follows the scheduler's event stream for somebody who reads its state: an event says that it is time to look again, and so
/// does a stream that has been opened, since events may have been missed before. One runs it, one waits.
/// </summary>
/// <param name="scheduler">The scheduler.</param>
/// <param name="types">The events that are worth another look.</param>
/// <param name="time">The clock.</param>
/// <param name="random">The jitter of reconnects.</param>
/// <param name="log">Told of each end, at level debug: whoever reads the state tells of a scheduler that is away.</param>
public sealed class SchedulerEvents(
    IMarathonApi scheduler, IReadOnlyCollection<string> types, TimeProvider time, Random random, ILogger<SchedulerEvents> log)
{
    private static readonly TimeSpan OpenLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(30);

    // However many events come between two looks, one look is enough.
    private readonly Channel<bool> _changed =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private volatile bool _isOpen;

    /// <summary>Whether the stream is open.</summary>
    public bool IsOpen => _isOpen;

    /// <summary>Follows until cancelled.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var opening = Reconnect.Pipeline(FirstPause, MaxPause, time, random, failed: (problem, _, _) => LogEnd(problem));
        while (true)
        {
            await opening.ExecuteAsync(async token => await FollowAsync(token), cancellation);
            await time.DelayAsync(FirstPause, cancellation);
        }
    }

    /// <summary>Waits until it is time to look again; what came since the last wait counts.</summary>
    /// <param name="limit">The longest wait, any length.</param>
    /// <param name="cancellation">Ends the wait, as the limit does.</param>
    public async Task WaitAsync(TimeSpan limit, CancellationToken cancellation)
    {
        using var end = new TimeLimit(time, limit, cancellation);
        try
        {
            await _changed.Reader.ReadAsync(end.Token);
        }
        catch (OperationCanceledException)
        {
            // Time to look again, too, or the end.
        }
    }

    /// <summary>Opens the stream and follows it to its end.</summary>
    /// <exception cref="Exception">It could not be opened.</exception>
    private async Task FollowAsync(CancellationToken cancellation)
    {
        await using var stream = await OpenAsync(cancellation);
        _isOpen = true;
        _changed.Writer.TryWrite(true);
        try
        {
            await foreach (var type in EventNames.ReadAsync(stream, cancellation))
            {
                if (types.Contains(type)) _changed.Writer.TryWrite(true);
            }
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            LogEnd(e);
        }
        finally
        {
            _isOpen = false;
        }
    }

    private async Task<Stream> OpenAsync(CancellationToken cancellation)
    {
        using var limit = new TimeLimit(time, OpenLimit, cancellation);
        return await scheduler.GetEvents(types, limit.Token);
    }

    private void LogEnd(Exception problem) => log.LogDebug("The scheduler's events end: {Reason}", Failures.Describe(problem));
}
