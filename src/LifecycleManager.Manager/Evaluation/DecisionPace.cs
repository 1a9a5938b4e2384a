using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>
/// When apps are decided between two ticks, and which: as soon as they have new samples, and when time alone changes what is
/// decided. The first is decided at once, then what comes is gathered: rounds begin <see cref="MinDistance"/> apart, and take a
/// fifth of the time at most. Of one owner.
/// </summary>
/// <param name="arrivals">Says which apps have new samples.</param>
/// <param name="decisions">Say when time alone changes what is decided.</param>
/// <param name="orders">What people have ordered, by app (null for all), and until when: pauses and overrides.</param>
internal sealed class DecisionPace(
    MetricArrivals arrivals, AppDecisions decisions, Func<IReadOnlyList<(string? App, DateTimeOffset? Until)>> orders)
{
    /// <summary>From the beginning of a round to that of the next at least: 500 ms.</summary>
    public static readonly TimeSpan MinDistance = TimeSpan.FromMilliseconds(500);

    private const int MaxShare = 5;

    private Due _due = Due.Never;
    private IReadOnlyList<(string? App, DateTimeOffset? Until)> _orders = [];
    private DateTimeOffset _notBefore = DateTimeOffset.MinValue;

    /// <summary>Until the next round is due, zero and less where it is; null where there is nothing to decide.</summary>
    public TimeSpan? NextDue(Moment now)
    {
        TimeSpan wait;
        if (arrivals.Any) wait = TimeSpan.Zero;
        else if (_due == Due.Never) return null;
        else wait = Earlier(_due.Steady - now.Steady, _due.Wall - now.Wall);
        var distance = _notBefore - now.Steady;
        return wait > distance ? wait : distance;
    }

    /// <summary>The apps to decide now, null for all: the one place where they are chosen.</summary>
    public IReadOnlySet<string>? Take(Moment now)
    {
        var apps = arrivals.Take();
        apps.UnionWith(decisions.DueBy(now));
        foreach (var (app, until) in _orders)
        {
            if (!(until <= now.Wall)) continue;
            if (app is null) return null;
            apps.Add(app);
        }

        return apps;
    }

    /// <summary>A round or a tick has ended.</summary>
    /// <param name="began">When it began.</param>
    /// <param name="now">The present.</param>
    public void Ended(Moment began, Moment now)
    {
        _due = decisions.NextDue(now);
        _orders = [.. orders().Where(order => order.Until > now.Wall)];
        foreach (var (_, until) in _orders) _due = _due.And(Due.Never with { Wall = until!.Value });
        var distance = (now.Steady - began.Steady) * MaxShare;
        _notBefore = began.Steady + (distance > MinDistance ? distance : MinDistance);
    }

    private static TimeSpan Earlier(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
