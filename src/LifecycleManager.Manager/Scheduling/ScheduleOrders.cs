using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>What a schedule wants of an app's count now.</summary>
/// <param name="Schedule">The schedule's name.</param>
/// <param name="Count">The count.</param>
/// <param name="Until">The latest end; null for a count that is set once, or set back.</param>
/// <param name="IsBack">Whether the count is set back after a window, which any other order comes before.</param>
/// <param name="FromZero">Whether it is a schedule that has brought the app to 0.</param>
internal sealed record ScheduleOrder(
    string Schedule, ScheduledCount Count, DateTimeOffset? Until, bool IsBack, bool FromZero)
{
    /// <inheritdoc />
    public override string ToString() => IsBack ? $"schedule {Schedule} has ended: back to {Count}"
        : Until is { } until && until != DateTimeOffset.MaxValue
            ? $"schedule {Schedule}: {Count} until {until.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z" : $"schedule {Schedule}: {Count}";
}

/// <summary>The count that schedules give an app together.</summary>
/// <param name="Schedule">The schedule whose count it is; of bounds, the first.</param>
/// <param name="Count">The count.</param>
/// <param name="Text">The schedules and what they want, for people.</param>
/// <param name="FromZero">Whether it is a schedule that has brought the app to 0.</param>
internal sealed record ScheduledOrder(string Schedule, ScheduledCount Count, string Text, bool FromZero);

/// <summary>
/// What schedules want of the counts of apps now. Of one app the highest exact count wins; else all bounds hold, and where they
/// contradict each other the least does. Of one owner.
/// </summary>
internal sealed class ScheduleOrders
{
    private readonly Dictionary<string, List<ScheduleOrder>> _byApp = new(StringComparer.Ordinal);

    /// <summary>Whether schedules want nothing of any app.</summary>
    public bool AreNone => _byApp.Count == 0;

    /// <summary>Whether schedules want something of an app's count.</summary>
    public bool Concern(string app) => _byApp.ContainsKey(app);

    /// <summary>What schedules together give an app; null for nothing.</summary>
    public ScheduledOrder? Of(string app)
    {
        if (!_byApp.TryGetValue(app, out var orders)) return null;
        var standing = orders.Where(order => !order.IsBack).ToList();
        if (standing.Count == 0) standing = orders;
        var fromZero = orders.Exists(order => order.FromZero);
        var first = standing.Where(order => order.Count.Exactly is not null).MaxBy(order => order.Count.Exactly);
        if (first is not null)
        {
            var others = standing.Where(order => order != first).Select(order => $"; it goes before {order}");
            return new ScheduledOrder(first.Schedule, first.Count, first + string.Concat(others), fromZero);
        }

        var least = standing.Max(order => order.Count.AtLeast);
        var most = standing.Min(order => order.Count.AtMost);
        if (most < least) most = least;
        return new ScheduledOrder(
            standing[0].Schedule, new ScheduledCount(null, least, most), string.Join("; ", standing), fromZero);
    }

    /// <summary>Makes the orders those of these fires.</summary>
    public void Use(IEnumerable<FireRecord> open)
    {
        _byApp.Clear();
        foreach (var fire in open.Where(fire => fire.State == FireState.Open).OrderBy(fire => fire.Id, StringComparer.Ordinal))
        {
            foreach (var part in fire.Apps.Where(part => part.Phase != AppPhase.Ended))
            {
                if (!_byApp.TryGetValue(part.App, out var orders)) _byApp.Add(part.App, orders = []);
                var isBack = part.Phase == AppPhase.Restoring;
                orders.Add(new ScheduleOrder(
                    fire.Schedule, isBack ? new ScheduledCount(part.Back) : fire.Count, isBack ? null : fire.Until,
                    isBack, part.FromZero || fire.Exactly == 0));
            }
        }
    }
}
