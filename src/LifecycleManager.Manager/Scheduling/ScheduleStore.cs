using System.Text.Json;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>
/// What the manager keeps of schedules: those that people have added, what they have ordered of them, the fires under way, the
/// last ones that ended, and up to when all fire times are dealt with. Durable before it is in force here. Of one owner.
/// </summary>
internal sealed class ScheduleStore(IStateStore store, ILogger log)
{
    public const string Prefix = "manager/schedules/";

    /// <summary>Changes with each schedule that is added or removed; for managers that stand by.</summary>
    public const string EditionKey = Prefix + "edition";

    /// <summary>The pages of schedules that people have added begin so.</summary>
    public const string AddedPrefix = Prefix + "added/";

    private const string ClockKey = Prefix + "clock";
    private const int Batch = 64;
    private const int BatchBytes = 512 * 1024;

    /// <summary>The schedules that people have added.</summary>
    public PagedEntries<AddedSchedule> Added { get; } = NewAdded();

    /// <summary>What people have ordered of schedules.</summary>
    public PagedEntries<ScheduleMark> Marks { get; } =
        new(Prefix + "marks/", SchedulingJson.Default.IReadOnlyListScheduleMark, mark => mark.Name, 16 * 1024);

    /// <summary>The fires under way.</summary>
    public PagedEntries<FireRecord> Open { get; } =
        new(Prefix + "open/", SchedulingJson.Default.IReadOnlyListFireRecord, fire => fire.Id, 16 * 1024);

    /// <summary>The fires that have ended.</summary>
    public PagedEntries<FireRecord> Ended { get; } =
        new(Prefix + "ended/", SchedulingJson.Default.IReadOnlyListFireRecord, fire => fire.Id, 16 * 1024);

    /// <summary>Up to when all fire times are dealt with; the least instant where nobody has dealt with any.</summary>
    public DateTimeOffset Clock { get; private set; }

    /// <summary>The pages that cannot be read, and why.</summary>
    public IEnumerable<KeyValuePair<string, string>> Unreadable =>
        Added.Unreadable.Concat(Marks.Unreadable).Concat(Open.Unreadable).Concat(Ended.Unreadable);

    /// <summary>Schedules that people have added, with none read yet.</summary>
    public static PagedEntries<AddedSchedule> NewAdded() =>
        new(AddedPrefix, SchedulingJson.Default.IReadOnlyListAddedSchedule, added => added.Name, 64 * 1024);

    /// <summary>Reads everything, once: at the beginning of a leadership.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        await foreach (var entry in store.ListAsync(Prefix, cancellation))
        {
            if (entry.Key == ClockKey) Clock = ReadClock(entry);
            else if (Added.Owns(entry.Key)) Added.Load(entry);
            else if (Marks.Owns(entry.Key)) Marks.Load(entry);
            else if (Open.Owns(entry.Key)) Open.Load(entry);
            else if (Ended.Owns(entry.Key)) Ended.Load(entry);
        }

        foreach (var (key, why) in Unreadable)
            log.LogError("What {Key} in the store has of schedules cannot be read, and is set aside: {Reason}", key, why);
    }

    /// <summary>
    /// Writes changes, then has them in force here. Fires that end are written before they are taken from those under way, and
    /// those that begin before the clock: whoever reads what was written by half finds each of them.
    /// </summary>
    public async Task SaveAsync(ScheduleChanges changes, Fence fence, CancellationToken cancellation)
    {
        PagedChange[] plans =
        [
            Ended.Plan(changes.Ended), Open.Plan(changes.Open), Marks.Plan(changes.Marks), Added.Plan(changes.Added),
        ];
        List<StateWrite> writes = [.. plans.SelectMany(plan => plan.Writes)];
        if (changes.Added.Count > 0) writes.Add(new StateWrite(EditionKey, Guid.NewGuid().ToByteArray()));
        if (changes.Clock is { } clock)
        {
            writes.Add(new StateWrite(ClockKey, JsonSerializer.SerializeToUtf8Bytes(
                new ScheduleClock(clock), SchedulingJson.Default.ScheduleClock)));
        }

        for (var begin = 0; begin < writes.Count;)
        {
            var (end, bytes) = (begin, 0);
            while (end < writes.Count && end - begin < Batch
                && (end == begin || bytes + (writes[end].Value?.Length ?? 0) <= BatchBytes))
            {
                bytes += writes[end++].Value?.Length ?? 0;
            }

            await store.WriteAsync(writes.GetRange(begin, end - begin), fence, cancellation);
            begin = end;
        }

        foreach (var plan in plans) plan.Commit();
        Clock = changes.Clock ?? Clock;
    }

    private DateTimeOffset ReadClock(StateEntry entry)
    {
        try
        {
            return JsonSerializer.Deserialize(entry.Value.Span, SchedulingJson.Default.ScheduleClock)?.At ?? default;
        }
        catch (JsonException e)
        {
            log.LogWarning("{Key} in the store cannot be read and is left out: {Reason}", entry.Key, e.Message);
            return default;
        }
    }
}

/// <summary>What is to be written of schedules: entries by name, null for what goes.</summary>
internal sealed record ScheduleChanges
{
    public Dictionary<string, AddedSchedule?> Added { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, ScheduleMark?> Marks { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, FireRecord?> Open { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, FireRecord?> Ended { get; } = new(StringComparer.Ordinal);

    /// <summary>Up to when all fire times are dealt with then; null as before.</summary>
    public DateTimeOffset? Clock { get; set; }

    /// <summary>Whether there is nothing to write.</summary>
    public bool AreNone => Added.Count + Marks.Count + Open.Count + Ended.Count == 0 && Clock is null;

    /// <summary>A fire as it is from now on.</summary>
    public void Put(FireRecord fire)
    {
        Open[fire.Id] = fire.IsFinal ? null : fire;
        if (fire.IsFinal) Ended[fire.Id] = fire;
    }
}
