using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Engine.Islands;

/// <summary>What a round raises: gathered while all see the same values, and applied at once.</summary>
internal sealed class Raises
{
    private readonly Dictionary<IslandApp, (Interval Raw, int Count, Func<int, Firing>? Fire)> _raised = [];

    /// <summary>An app is to have at least a count, within its bounds.</summary>
    /// <param name="app">The app.</param>
    /// <param name="count">The count.</param>
    /// <param name="fire">Tells of it.</param>
    public void Raise(IslandApp app, int count, Func<int, Firing> fire)
    {
        if (!IsOpen(app)) return;
        var (raw, _, _) = Of(app);
        var least = app.Bounds.Clamp(count);
        if (least > raw.Low) _raised[app] = (new Interval(least, Math.Max(least, raw.High)), count, fire);
    }

    /// <summary>An app may be wanted to have more than is known.</summary>
    public void Widen(IslandApp app)
    {
        if (!IsOpen(app)) return;
        var (raw, count, fire) = Of(app);
        _raised[app] = (new Interval(raw.Low, Math.Max(raw.High, app.Bounds.Max)), count, fire);
    }

    /// <summary>Applies them; whether anything is raised.</summary>
    public bool Apply()
    {
        // What raised others in this round is told as it stood before.
        var firings = _raised.Where(pair => pair.Value.Raw != pair.Key.Standing.Raw)
            .Select(pair => (App: pair.Key, pair.Value.Raw, By: pair.Value.Fire?.Invoke(pair.Value.Count))).ToList();
        foreach (var (app, raw, by) in firings) (app.Standing.Raw, app.Standing.RaisedBy) = (raw, by ?? app.Standing.RaisedBy);
        return firings.Count > 0;
    }

    // What nobody governs is read and never set, and what a person has ordered stays.
    private static bool IsOpen(IslandApp app) => app is { Memory: not null, IsOrdered: false, IsSeen: true };

    private (Interval Raw, int Count, Func<int, Firing>? Fire) Of(IslandApp app) =>
        _raised.TryGetValue(app, out var raised) ? raised : (app.Standing.Raw, 0, null);
}
