using System.Collections.Concurrent;
using LifecycleManager.Primitives.Timing;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Security;

/// <summary>
/// The calls that have been let in and are still open, event streams and shells above all. One ends, with its connection, when
/// what has let it in does: its secret has ended, its principal is gone or may do something else than before. Whoever is still
/// welcome comes again, and gets what he may have now. For any thread.
/// </summary>
/// <param name="principals">Who may call.</param>
/// <param name="time">The clock.</param>
/// <param name="ended">Told of each call that is ended, and why.</param>
internal sealed class OpenCalls(Principals principals, TimeProvider time, Action<HttpContext, string> ended)
{
    /// <summary>Between two looks: as often as the files are looked at.</summary>
    public static readonly TimeSpan Interval = FileWatch.Interval;

    private readonly ConcurrentDictionary<Call, bool> _open = new();
    private readonly Lock _arming = new();
    private CappedTimer? _timer;
    private bool _isArmed;

    private Principals Known => principals.Current;

    /// <summary>Watches a call until it is over.</summary>
    /// <param name="context">The call.</param>
    /// <param name="principal">Who was let in.</param>
    /// <param name="again">Who is let in by the same, in his place, at some moment; null for nobody any more.</param>
    public void Add(HttpContext context, Principal principal, Func<Principals, DateTimeOffset, Principal?> again)
    {
        var call = new Call(this, context, principal, again);
        _open[call] = true;
        context.Response.RegisterForDispose(call);
        Arm();
    }

    // While no call is open nothing runs, so that a role that has stopped leaves no timer behind.
    private void Arm()
    {
        if (Volatile.Read(ref _isArmed)) return;
        lock (_arming)
        {
            if (_isArmed) return;
            _isArmed = true;
            (_timer ??= new CappedTimer(time, Look)).Set(Interval);
        }
    }

    private void Look()
    {
        var now = time.GetUtcNow();
        foreach (var call in _open.Keys) call.Look(now);
        lock (_arming) _isArmed = false;
        if (!_open.IsEmpty) Arm();
    }

    private void End(HttpContext context, string problem)
    {
        ended(context, problem);
        context.Abort();
    }

    private sealed class Call(
        OpenCalls owner, HttpContext context, Principal principal, Func<Principals, DateTimeOffset, Principal?> again)
        : IDisposable
    {
        private readonly Lock _lock = new();
        private Principal _principal = principal;
        private Principals? _seen;
        private bool _isOver;

        // The server uses a context again for the connection's next call: after this the call is not touched any more.
        public void Dispose()
        {
            lock (_lock) _isOver = true;
            owner._open.TryRemove(this, out _);
        }

        public void Look(DateTimeOffset now)
        {
            lock (_lock)
            {
                if (_isOver || Problem(now) is not { } problem) return;
                _isOver = true;
                owner.End(context, problem);
            }

            owner._open.TryRemove(this, out _);
        }

        private string? Problem(DateTimeOffset now)
        {
            var current = owner.Known;
            if (!ReferenceEquals(current, _seen))
            {
                if (again(current, now) is not { } known)
                    return $"'{_principal.Name}' is not known any more by what it has said";
                if (!known.HasRightsOf(_principal)) return $"'{_principal.Name}' may not do what it could before";
                (_principal, _seen) = (known, current);
            }

            return _principal.Until is { } until && until <= now ? AccessControl.Ended(_principal.Name, until) : null;
        }
    }
}
