namespace LifecycleManager.Agent.Containerizers.Processes;

/// <summary>
/// A look that takes a while and that many ask for at once, as when a thousand tasks end together. One look answers all who asked
/// before it began, so that nobody gets an answer older than his question; the next begins when it is over.
/// </summary>
/// <param name="look">Looks; not run twice at once.</param>
internal sealed class SharedLook<T>(Func<T> look)
{
    private readonly Lock _lock = new();
    private Task _last = Task.CompletedTask;
    private Task<T>? _next;

    /// <summary>What a look finds that begins after this call.</summary>
    public Task<T> NextAsync()
    {
        lock (_lock)
        {
            if (_next is not null) return _next;
            var before = _last;
            var next = Task.Run(async () =>
            {
                await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                lock (_lock) _next = null;
                return look();
            });
            (_next, _last) = (next, next);
            return next;
        }
    }
}
