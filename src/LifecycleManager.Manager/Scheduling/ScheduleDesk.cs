using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>What people do to schedules: each is durable before it is in force. Of one owner.</summary>
/// <param name="book">The schedules.</param>
/// <param name="cache">Reads what people send.</param>
/// <param name="fence">Of the lead.</param>
/// <param name="stopped">Why nothing may be changed now; null where it may.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Gets who does what.</param>
internal sealed class ScheduleDesk(
    ScheduleBook book, ScheduleCache cache, Fence fence, Func<string?> stopped, TimeProvider time, ILogger log)
{
    /// <summary>A schedule is written in so many characters at most: 16,384.</summary>
    public const int LongestText = 16 * 1024;

    /// <summary>A name has so many characters at most: 200.</summary>
    public const int LongestName = 200;

    /// <summary>The schedules.</summary>
    public ScheduleBook Book => book;

    private DateTimeOffset Now => time.GetUtcNow();

    /// <summary>Adds a schedule.</summary>
    /// <param name="text">YAML or JSON.</param>
    /// <param name="replace">Whether it takes the place of one of its name that was added before.</param>
    /// <param name="by">Who; null where nobody is asked who he is.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FormatException">It is no schedule; the message says where and why.</exception>
    /// <exception cref="InvalidOperationException">There is one of its name, or there are too many.</exception>
    public async Task<KnownSchedule> AddAsync(string text, bool replace, string? by, CancellationToken cancellation)
    {
        if (text.Length > LongestText)
            throw new FormatException($"it has {text.Length} characters, more than the {LongestText} of a schedule");
        var (schedule, problem) = cache.Read(text);
        if (schedule is null) throw new FormatException(problem);
        var name = schedule.Name;
        if (name.Length > LongestName || name.Any(c => c == '/' || char.IsControl(c)))
            throw new FormatException($"the name must have no '/' nor control characters, and {LongestName} characters at most");
        if (book.Table.Find(name) is { File: { } file })
            throw new InvalidOperationException($"{file} has a schedule '{name}': change it there");
        var isThere = book.Store.Added.Entries.ContainsKey(name);
        if (isThere && !replace) throw new InvalidOperationException($"there is a schedule '{name}': remove it, or replace it");
        if (!isThere && book.Store.Added.Entries.Count >= ScheduleBook.MostAdded)
            throw new InvalidOperationException($"{ScheduleBook.MostAdded} schedules are there: remove some");
        var added = new AddedSchedule(name, text, book.Present, by);
        var changes = new ScheduleChanges { Clock = book.DealtWith(Now) };
        changes.Added[name] = added;
        await book.SaveAsync(changes, fence, cancellation);
        var known = book.Known(added);
        known.CountFrom(added.At);
        book.Table.Add(known);
        log.LogInformation("{Principal} {Does} the schedule {Schedule} of {Apps}: {Count}, {When}; its next fire time is {Next}",
            by ?? "somebody", isThere ? "replaces" : "adds", name, schedule.App.Text, schedule.Count, schedule.When.Text,
            known.Next is { } next ? $"{next.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z" : "never");
        return known;
    }

    /// <summary>Removes a schedule that was added; what it has set ends.</summary>
    /// <returns>False where there is none.</returns>
    /// <exception cref="InvalidOperationException">It is a file's.</exception>
    public async Task<bool> RemoveAsync(string name, string? by, CancellationToken cancellation)
    {
        var isAdded = book.Store.Added.Entries.ContainsKey(name);
        if (book.Table.Find(name) is { File: { } file } && !isAdded)
            throw new InvalidOperationException($"the schedule '{name}' is in {file}: take it out there");
        if (!isAdded) return false;
        var changes = new ScheduleChanges();
        changes.Added[name] = null;
        if (book.Store.Marks.Entries.ContainsKey(name)) changes.Marks[name] = null;
        foreach (var fire in book.Store.Open.Entries.Values.Where(fire => fire.Schedule == name && fire.Until > Now))
            changes.Put(fire with { Until = Now, Reason = "the schedule was removed" });
        await book.SaveAsync(changes, fence, cancellation);
        book.Table.Remove(name);
        log.LogInformation("{Principal} removes the schedule {Schedule}", by ?? "somebody", name);
        return true;
    }

    /// <summary>Pauses a schedule: its fire times pass. One that is paused already stays as it is.</summary>
    /// <returns>Null where there is none.</returns>
    public async Task<KnownSchedule?> PauseAsync(string name, string? reason, string? by, CancellationToken cancellation)
    {
        if (book.Table.Find(name) is not { } known) return null;
        if (known.IsPaused) return known;
        await MarkAsync(known, MarkOf(known) with { PausedSince = Now, PausedBy = by, PausedReason = reason }, cancellation);
        book.Table.Place(known);
        log.LogInformation("{Principal} pauses the schedule {Schedule}: {Reason}", by ?? "somebody", name,
            reason ?? "no reason given");
        return known;
    }

    /// <summary>Resumes a schedule; the fire times that have passed are not made up for.</summary>
    /// <returns>Null where there is none.</returns>
    public async Task<KnownSchedule?> ResumeAsync(string name, string? by, CancellationToken cancellation)
    {
        if (book.Table.Find(name) is not { } known) return null;
        if (!known.IsPaused) return known;
        var present = book.Present;
        var skip = known.Mark!.Skip > present ? known.Mark.Skip : null;
        await MarkAsync(
            known, new ScheduleMark(name) { ResumedAt = present, Skip = skip, SkipBy = known.Mark.SkipBy }, cancellation);
        book.Table.MoveOn(known, present);
        log.LogInformation("{Principal} resumes the schedule {Schedule}", by ?? "somebody", name);
        return known;
    }

    /// <summary>Leaves the next fire time out.</summary>
    /// <returns>The fire time; null where there is no such schedule.</returns>
    /// <exception cref="InvalidOperationException">It does not fire any more, or is paused.</exception>
    public async Task<DateTimeOffset?> SkipAsync(string name, string? by, CancellationToken cancellation)
    {
        if (book.Table.Find(name) is not { } known) return null;
        if (known.IsPaused)
            throw new InvalidOperationException($"the schedule '{name}' is paused: all its fire times are left out");
        if (known.Next is not { } next) throw new InvalidOperationException($"the schedule '{name}' does not fire any more");
        if (known.Mark?.Skip != next)
            await MarkAsync(known, MarkOf(known) with { Skip = next, SkipBy = by }, cancellation);
        log.LogInformation("{Principal} has the schedule {Schedule} leave out {Next}", by ?? "somebody", name, next);
        return next;
    }

    /// <summary>Sets a fire off now, whatever its time; also of a schedule that is paused.</summary>
    /// <returns>The fire; null where there is no such schedule.</returns>
    /// <exception cref="InvalidOperationException">Nothing may be changed now, or the schedule cannot be read.</exception>
    public async Task<FireRecord?> RunAsync(string name, string? reason, string? by, CancellationToken cancellation)
    {
        if (book.Table.Find(name) is not { } known) return null;
        if (stopped() is { } stop) throw new InvalidOperationException($"all changes are {stop}");
        if (known.Schedule is not { } schedule)
            throw new InvalidOperationException($"the schedule '{name}' cannot be read: {known.Problem}");
        var now = Now;
        var fire = FireMaker.SetOff(schedule, FireRecord.IdByHand(name, now), now, now) with
        {
            ByHand = true,
            By = by,
            Asked = reason,
        };
        if (book.IsOnRecord(fire.Id)) throw new InvalidOperationException($"{fire.Id} is set off already");
        var changes = new ScheduleChanges();
        changes.Put(fire);
        await book.SaveAsync(changes, fence, cancellation);
        log.LogInformation("{Principal} runs the schedule {Schedule} as {Fire}: {Reason}", by ?? "somebody", name, fire.Id,
            reason ?? "no reason given");
        return fire;
    }

    private static ScheduleMark MarkOf(KnownSchedule known) => known.Mark ?? new ScheduleMark(known.Name);

    private Task MarkAsync(KnownSchedule known, ScheduleMark mark, CancellationToken cancellation)
    {
        var changes = new ScheduleChanges { Clock = book.DealtWith(Now) };
        changes.Marks[known.Name] = mark;
        return book.SaveAsync(changes, fence, cancellation);
    }
}
