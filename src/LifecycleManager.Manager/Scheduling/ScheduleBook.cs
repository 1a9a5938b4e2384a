using System.Collections.Concurrent;
using LifecycleManager.Decisions.Schedules;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>
/// The schedules in force with their fire times, and what is stored of them. A fire time up to the clock is dealt with: it is on
/// record, or was left out. The clock never goes back with the wall clock, so that none is fired twice; where the wall clock was
/// set back by over a day, what is on record keeps it from that. Of one owner.
/// </summary>
internal sealed class ScheduleBook(ScheduleStore store, ScheduleCache cache, TimeProvider time, ILogger log)
{
    /// <summary>People may add so many schedules: 100,000.</summary>
    public const int MostAdded = 100_000;

    /// <summary>The wall clock may be set back by so much without fire times being counted anew.</summary>
    public static readonly TimeSpan LongestSetBack = TimeSpan.FromDays(1);

    private IReadOnlyList<ScalingSchedule>? _files;

    /// <summary>What is stored.</summary>
    public ScheduleStore Store => store;

    /// <summary>The schedules in force.</summary>
    public ScheduleTable Table { get; } = new();

    /// <summary>The fires that have ended.</summary>
    public FireHistory History { get; } = new();

    /// <summary>The present; where the wall clock was set back, that up to which all fire times are dealt with.</summary>
    public DateTimeOffset Present => store.Clock > Now && store.Clock - Now <= LongestSetBack ? store.Clock : Now;

    /// <summary>How long nothing is fired, since the wall clock was set back.</summary>
    public TimeSpan SetBack => Present - Now;

    private DateTimeOffset Now => time.GetUtcNow();

    /// <summary>Reads what is stored, once: at the beginning of a leadership.</summary>
    /// <param name="files">The schedules of files in force.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task LoadAsync(IReadOnlyList<ScalingSchedule> files, CancellationToken cancellation)
    {
        await store.LoadAsync(cancellation);
        History.Load(store.Ended.Entries.Values);
        var known = new ConcurrentBag<KnownSchedule>();
        var since = store.Clock == default ? Now : store.Clock;
        Parallel.ForEach(store.Added.Entries.Values, new ParallelOptions { CancellationToken = cancellation }, added =>
        {
            var schedule = Known(added);
            schedule.CountFrom(After(schedule, since));
            known.Add(schedule);
        });
        foreach (var schedule in known)
        {
            if (schedule.Problem is { } problem)
                log.LogError("The schedule {Schedule}, which was added, cannot be read: {Reason}", schedule.Name, problem);
            Table.Add(schedule);
        }

        _files = files;
        Table.UseFiles(files, store.Marks.Entries.GetValueOrDefault, since);
    }

    /// <summary>Has the schedules of the files be these.</summary>
    public void UseFiles(IReadOnlyList<ScalingSchedule> files)
    {
        if (ReferenceEquals(files, _files)) return;
        Table.UseFiles(files, store.Marks.Entries.GetValueOrDefault, Present);
        _files = files;
    }

    /// <summary>A schedule that was added, as it is read.</summary>
    public KnownSchedule Known(AddedSchedule added)
    {
        var (schedule, problem) = cache.Read(added);
        return new KnownSchedule
        {
            Name = added.Name,
            Schedule = schedule,
            Problem = problem,
            Added = added,
            Mark = store.Marks.Entries.GetValueOrDefault(added.Name),
        };
    }

    /// <summary>Whether a fire is on record.</summary>
    public bool IsOnRecord(string fire) => store.Ended.Entries.ContainsKey(fire) || store.Open.Entries.ContainsKey(fire);

    /// <summary>Up to when all fire times are dealt with now, with those that wait left out.</summary>
    public DateTimeOffset DealtWith(DateTimeOffset now)
    {
        var until = Table.NextFire is { } next && next <= now ? next - TimeSpan.FromTicks(1) : now;
        return until > store.Clock || store.Clock - now > LongestSetBack ? until : store.Clock;
    }

    /// <summary>Stores changes, and then has them in force here.</summary>
    public async Task SaveAsync(ScheduleChanges changes, Fence fence, CancellationToken cancellation)
    {
        if (changes.AreNone) return;
        History.Trim(changes, Now);
        await store.SaveAsync(changes, fence, cancellation);
        History.Take(changes);
        foreach (var (name, mark) in changes.Marks)
        {
            if (Table.Find(name) is { } known) known.Mark = mark;
        }
    }

    private static DateTimeOffset After(KnownSchedule schedule, DateTimeOffset since)
    {
        if (schedule.Added!.At > since) since = schedule.Added.At;
        return schedule.Mark?.ResumedAt > since ? schedule.Mark.ResumedAt.Value : since;
    }
}
