using LifecycleManager.Primitives.Timing;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Console.Live;

/// <summary>
/// Something that goes on while somebody follows it, and for a little while after: pages come and go. Where it ends by itself,
/// it begins again.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="log">Told of defects.</param>
internal abstract partial class WhileFollowed(TimeProvider time, ILogger log)
{
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private readonly List<Action> _followers = [];

    // Ends what goes on; null where nothing does.
    private Action? _end;

    /// <summary>The clock.</summary>
    protected TimeProvider Time { get; } = time;

    /// <summary>Whether it goes on.</summary>
    public bool IsRunning => Volatile.Read(ref _end) is not null;

    /// <summary>Follows until what is returned is disposed of.</summary>
    /// <param name="told">Called from whatever thread; must return at once.</param>
    public IDisposable Follow(Action told)
    {
        lock (_gate)
        {
            _followers.Add(told);
            if (_end is null)
            {
                var running = new CancellationTokenSource();
                _end = running.Cancel;
                _ = RunToEndAsync(running, _end);
            }
        }

        return new Following(this, told);
    }

    /// <summary>Goes on until cancelled. What it throws is a defect: its failures are among what it tells.</summary>
    protected abstract Task RunAsync(CancellationToken cancellation);

    /// <summary>Tells all followers.</summary>
    protected void Tell()
    {
        Action[] followers;
        lock (_gate) followers = [.. _followers];
        foreach (var follower in followers) follower();
    }

    private async Task RunToEndAsync(CancellationTokenSource running, Action end)
    {
        await Task.Yield();
        try
        {
            while (true)
            {
                try
                {
                    await RunAsync(running.Token);
                }
                catch (Exception e) when (!running.IsCancellationRequested)
                {
                    LogDefect(log, e, GetType().Name);
                }

                await Time.DelayAsync(Again, running.Token);
            }
        }
        catch (OperationCanceledException) when (running.IsCancellationRequested)
        {
            // Nobody follows any more.
        }
        finally
        {
            lock (_gate)
            {
                if (_end == end) _end = null;
            }

            running.Dispose();
        }
    }

    private void Leave(Action told)
    {
        Action? end;
        lock (_gate)
        {
            _followers.Remove(told);
            if (_followers.Count > 0) return;
            end = _end;
        }

        if (end is not null) _ = EndLaterAsync(end);
    }

    private async Task EndLaterAsync(Action end)
    {
        await Time.DelayAsync(Linger, CancellationToken.None);
        lock (_gate)
        {
            if (_followers.Count > 0 || _end != end) return;
            _end = null;
            end();
        }
    }

    [LoggerMessage(LogLevel.Error, "What the console's pages follow has failed ({What}), and begins again")]
    private static partial void LogDefect(ILogger log, Exception e, string what);

    private sealed class Following(WhileFollowed followed, Action told) : IDisposable
    {
        private Action? _told = told;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _told, null) is { } left) followed.Leave(left);
        }
    }
}
