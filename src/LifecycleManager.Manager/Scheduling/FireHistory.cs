namespace LifecycleManager.Manager.Scheduling;

/// <summary>
/// The fires that have ended, by schedule: the last <see cref="PerSchedule"/> of each, of <see cref="Age"/> at most, and
/// <see cref="InAll"/> at most of all together. Of one owner.
/// </summary>
internal sealed class FireHistory
{
    /// <summary>So many fires are kept of a schedule: 100.</summary>
    public const int PerSchedule = 100;

    /// <summary>So many fires are kept of all schedules: 20,000.</summary>
    public const int InAll = 20_000;

    /// <summary>So long a fire is kept: 30 days.</summary>
    public static readonly TimeSpan Age = TimeSpan.FromDays(30);

    /// <summary>So many go at once, for each that goes has its page written anew.</summary>
    private const int Slack = 20;

    private readonly Dictionary<string, List<FireRecord>> _bySchedule = new(StringComparer.Ordinal);
    private readonly SortedSet<(DateTimeOffset At, string Id)> _all =
        new(Comparer<(DateTimeOffset At, string Id)>.Create((a, b) => a.At.CompareTo(b.At) is var order and not 0 ? order
            : string.CompareOrdinal(a.Id, b.Id)));
    private readonly Dictionary<string, FireRecord> _byId = new(StringComparer.Ordinal);

    /// <summary>Takes in the fires that have ended, as they are stored.</summary>
    public void Load(IEnumerable<FireRecord> stored)
    {
        foreach (var fire in stored.OrderBy(fire => fire.At).ThenBy(fire => fire.Id, StringComparer.Ordinal)) Add(fire);
    }

    /// <summary>The fires of a schedule that have ended, oldest first.</summary>
    public IReadOnlyList<FireRecord> Of(string schedule) => _bySchedule.GetValueOrDefault(schedule) ?? [];

    /// <summary>The schedules that have a history.</summary>
    public IEnumerable<KeyValuePair<string, List<FireRecord>>> All => _bySchedule;

    /// <summary>Takes in what has been stored of fires that ended.</summary>
    public void Take(ScheduleChanges changes)
    {
        foreach (var (id, fire) in changes.Ended)
        {
            if (fire is not null) Add(fire);
            else Remove(id);
        }
    }

    /// <summary>Has the fires go that are too many, or too old, with those that come.</summary>
    public void Trim(ScheduleChanges changes, DateTimeOffset now)
    {
        var comes = changes.Ended.Values.OfType<FireRecord>().ToList();
        foreach (var schedule in comes.GroupBy(fire => fire.Schedule, StringComparer.Ordinal))
        {
            var kept = Of(schedule.Key);
            if (kept.Count + schedule.Count() <= PerSchedule + Slack) continue;
            foreach (var fire in kept.Take(kept.Count + schedule.Count() - PerSchedule)) changes.Ended.TryAdd(fire.Id, null);
        }

        if (comes.Count == 0) return;
        var tooMany = _all.Count + comes.Count > InAll + Slack ? _all.Count + comes.Count - InAll : 0;
        var oldest = now - Age;
        foreach (var (at, id) in _all)
        {
            if (at >= oldest && --tooMany < 0) break;
            changes.Ended.TryAdd(id, null);
        }
    }

    private void Add(FireRecord fire)
    {
        Remove(fire.Id);
        if (!_bySchedule.TryGetValue(fire.Schedule, out var fires)) _bySchedule.Add(fire.Schedule, fires = []);
        fires.Add(fire);
        _byId.Add(fire.Id, fire);
        _all.Add((fire.At, fire.Id));
    }

    private void Remove(string id)
    {
        if (!_byId.Remove(id, out var fire)) return;
        _all.Remove((fire.At, id));
        var fires = _bySchedule[fire.Schedule];
        fires.RemoveAt(fires.FindIndex(other => other.Id == id));
        if (fires.Count == 0) _bySchedule.Remove(fire.Schedule);
    }
}
