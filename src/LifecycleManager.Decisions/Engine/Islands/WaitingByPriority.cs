using LifecycleManager.Decisions.Facts;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Rules;

namespace LifecycleManager.Decisions.Engine.Islands;

/// <summary>How many instances wait for a place, by the priority of their apps.</summary>
internal sealed class WaitingByPriority
{
    private readonly Dictionary<string, (int Priority, int? Waiting)> _apps = new(StringComparer.Ordinal);
    private readonly SortedDictionary<int, (int Known, int Silent)> _byPriority = [];

    /// <summary>Takes in an app.</summary>
    /// <param name="app">The app.</param>
    /// <param name="waiting">How many of its instances wait; null where that is unknown.</param>
    public void Set(in AppRef app, int? waiting)
    {
        var isKnown = _apps.TryGetValue(app.Id, out var before);
        if (isKnown && before == (app.Priority, waiting)) return;
        if (isKnown) Add(before.Priority, before.Waiting, -1);
        Add(app.Priority, waiting, 1);
        _apps[app.Id] = (app.Priority, waiting);
    }

    /// <summary>Forgets all apps but some.</summary>
    public void Keep(IReadOnlyCollection<string> apps)
    {
        var there = apps.ToHashSet(StringComparer.Ordinal);
        foreach (var gone in _apps.Keys.Where(id => !there.Contains(id)).ToList())
        {
            var (priority, waiting) = _apps[gone];
            Add(priority, waiting, -1);
            _apps.Remove(gone);
        }
    }

    /// <summary>How many of apps with a higher priority; at least so many where an app's are unknown.</summary>
    public Interval Above(int priority)
    {
        var (known, silent) = (0, 0);
        foreach (var (of, waiting) in _byPriority)
        {
            if (of > priority) (known, silent) = (known + waiting.Known, silent + waiting.Silent);
        }

        return new Interval(known, silent > 0 ? double.PositiveInfinity : known);
    }

    /// <summary>The same as a fact of rules that are code.</summary>
    public Cluster ToCluster() => new(_byPriority.Values.Any(waiting => waiting.Silent > 0) ? null
        : [.. _byPriority.Select(waiting => new LifecycleManager.Rules.WaitingInstances("", waiting.Key, waiting.Value.Known))]);

    private void Add(int priority, int? waiting, int sign)
    {
        var (known, silent) = _byPriority.GetValueOrDefault(priority);
        var now = waiting is { } count ? (known + (sign * count), silent) : (known, silent + sign);
        if (now == (0, 0)) _byPriority.Remove(priority);
        else _byPriority[priority] = now;
    }
}
