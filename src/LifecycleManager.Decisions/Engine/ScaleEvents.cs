using System.Runtime.InteropServices;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Engine;

/// <summary>The changes that were carried out, as far back as the longest limit looks.</summary>
internal struct ScaleEvents
{
    private readonly List<(DateTimeOffset At, int Change)> _events = [];

    public ScaleEvents()
    {
    }

    /// <summary>The changes, oldest first.</summary>
    public readonly ReadOnlySpan<(DateTimeOffset At, int Change)> All => CollectionsMarshal.AsSpan(_events);

    /// <summary>The newest change; default where there was none.</summary>
    public DateTimeOffset Newest { get; private set; }

    public void Add(DateTimeOffset at, int change)
    {
        _events.Add((at, change));
        Newest = at;
    }

    public void Clear()
    {
        _events.Clear();
        Newest = default;
    }

    public readonly void Prune(DateTimeOffset now, TimeSpan keep)
    {
        var old = 0;
        while (old < _events.Count && _events[old].At <= now - keep) old++;
        if (old > 0) _events.RemoveRange(0, old);
    }

    /// <summary>
    /// The count that the limits allow: HPA's calculateScaleUpLimitWithScalingRules and calculateScaleDownLimitWithBehaviors.
    /// </summary>
    /// <param name="behavior">The limits; without any there is none.</param>
    /// <param name="current">The count now.</param>
    /// <param name="now">The end of the periods.</param>
    /// <param name="grow">The direction.</param>
    /// <param name="binding">The index of the limit that holds; -1 for none.</param>
    public readonly int Allowed(ScalingBehavior behavior, int current, DateTimeOffset now, bool grow, out int binding)
    {
        binding = -1;
        if (behavior.Select == LimitSelect.Disabled) return current;
        if (behavior.Limits.Count == 0) return grow ? int.MaxValue : 0;
        var farthest = behavior.Select == LimitSelect.Max;
        var allowed = 0;
        for (var i = 0; i < behavior.Limits.Count; i++)
        {
            var limit = behavior.Limits[i];
            var start = current - Net(now, limit.Period);
            var proposed = (limit.IsPercent, grow) switch
            {
                (false, true) => start + limit.Amount,
                (false, false) => start - limit.Amount,
                // From zero a percentage would allow nothing for ever; the first instance is always allowed.
                (true, true) => Math.Max(1, Math.Ceiling((start * (1 + (limit.Amount / 100))) - 1e-9)),
                (true, false) => Math.Floor((start * (1 - (limit.Amount / 100))) + 1e-9),
            };
            var count = (int)Math.Clamp(proposed, 0, int.MaxValue);
            if (binding >= 0 && (grow == farthest ? count <= allowed : count >= allowed)) continue;
            (allowed, binding) = (count, i);
        }

        return grow ? Math.Max(allowed, current) : Math.Min(allowed, current);
    }

    /// <summary>When the first change leaves the period of one of the limits; never where there is none.</summary>
    public readonly DateTimeOffset NextToLeave(ScalingBehavior behavior, DateTimeOffset now)
    {
        var first = DateTimeOffset.MaxValue;
        foreach (var limit in behavior.Limits)
        {
            foreach (var (at, _) in _events)
            {
                if (at > now - limit.Period && at <= now && at + limit.Period < first) first = at + limit.Period;
            }
        }

        return first;
    }

    private readonly int Net(DateTimeOffset now, TimeSpan period)
    {
        var sum = 0;
        for (var i = _events.Count - 1; i >= 0; i--)
        {
            if (_events[i].At > now) continue;
            if (_events[i].At <= now - period) break;
            sum += _events[i].Change;
        }

        return sum;
    }
}
