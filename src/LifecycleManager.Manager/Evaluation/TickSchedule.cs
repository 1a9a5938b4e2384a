using LifecycleManager.Runtime.Loops;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>
/// When the next tick is due: once a period, by the monotonic clock, at the same place within each. Of one owner.
/// </summary>
internal sealed class TickSchedule
{
    private readonly TimeProvider _time;
    private readonly TimeSpan _period;
    private readonly Deadlines<bool> _due;
    private readonly long _begin;
    private long _last = -1;

    /// <summary>The first tick is due at once.</summary>
    public TickSchedule(TimeProvider time, TimeSpan period)
    {
        (_time, _period, _due, _begin) = (time, period, new Deadlines<bool>(time), time.GetTimestamp());
        _due.Add(TimeSpan.Zero, true);
    }

    /// <summary>Until the next is due.</summary>
    public TimeSpan? NextDue => _due.NextDue;

    /// <summary>Whether one is due now; the next is due a period later.</summary>
    public bool TryTake()
    {
        var isDue = false;
        while (_due.TryTake(out _)) isDue = true;
        if (isDue) _due.Add(_period - TimeSpan.FromTicks(_time.GetElapsedTime(_begin).Ticks % _period.Ticks), true);
        return isDue;
    }

    /// <summary>A tick begins: how many have been left out since the last one.</summary>
    public int Begin()
    {
        var now = _time.GetElapsedTime(_begin).Ticks;
        var left = _last < 0 ? 0 : (int)Math.Max(0, Math.Floor(((now - _last) / (double)_period.Ticks) - 0.5));
        _last = now;
        return left;
    }
}
