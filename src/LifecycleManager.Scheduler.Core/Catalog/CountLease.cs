using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Catalog;

/// <summary>
/// How long policies own the counts that they have claimed: 24 h after their manager was last heard. It goes by the scheduler's
/// clock, which nobody sets and which stands while no scheduler leads: a manager that could not be heard is not blamed for it.
/// What was heard is stored once an hour, so that a successor blames nobody too early, and is late by an hour at most.
/// </summary>
internal sealed class CountLease
{
    /// <summary>A manager that has not been heard for so long owns nothing: 24 h.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromHours(24);

    private static readonly TimeSpan StoreInterval = TimeSpan.FromHours(1);

    private readonly CoreContext _context;
    private readonly AppCatalog _catalog;
    private TimeSpan _heard;

    public CountLease(CoreContext context, AppCatalog catalog, LoadedState loaded, ClockReading now)
    {
        (_context, _catalog) = (context, catalog);
        _heard = loaded.ManagerHeard ?? now.Clock;

        // At once: a successor that dies within the hour leaves what it has begun with.
        if (loaded.Apps.Any(app => CountOwnership.IsPolicy(app.CountOwner))) NextDue = now.Clock;
    }

    /// <summary>When there is something to do, by the scheduler's clock; the end of time where no policy owns a count.</summary>
    public TimeSpan NextDue { get; private set; } = TimeSpan.MaxValue;

    /// <summary>The manager was heard.</summary>
    public void Renew(ClockReading now) => _heard = now.Clock;

    /// <summary>A policy has claimed a count.</summary>
    public void Claimed(ClockReading now)
    {
        Renew(now);
        if (NextDue == TimeSpan.MaxValue) NextDue = now.Clock;
    }

    /// <summary>Gives the counts back whose manager is not heard any more; stores how it stands.</summary>
    public void Settle(ClockReading now)
    {
        if (now.Clock < NextDue) return;
        NextDue = TimeSpan.MaxValue;
        var owned = _catalog.Apps.Values.Where(entry => !entry.IsRemoved).Select(entry => entry.Record)
            .Where(record => CountOwnership.IsPolicy(record.CountOwner)).ToList();
        if (owned.Count == 0) return;
        if (now.Clock - _heard >= Length)
        {
            foreach (var record in owned) _catalog.StoreOwner(record with { CountOwner = null });
            return;
        }

        NextDue = Instants.Earlier(now.Clock + StoreInterval, _heard + Length);
        _context.Effects.Put(SchedulerKeys.CountLease,
            StateMapping.Write(new StoredCountLease((long)_heard.TotalMilliseconds), StoredJson.Default.StoredCountLease));
        _context.Effects.Put(SchedulerKeys.Clock,
            StateMapping.Write(new StoredClock((long)now.Clock.TotalMilliseconds), StoredJson.Default.StoredClock));
    }
}
