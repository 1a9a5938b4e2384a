using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>Reads a schedule as a person has written it.</summary>
/// <param name="source">Where it comes from, for messages.</param>
/// <param name="text">YAML or JSON.</param>
/// <returns>The schedule, or why it is none.</returns>
internal delegate (ScalingSchedule? Schedule, string? Problem) ReadSchedule(string source, string text);

/// <summary>
/// The schedules in force, in the order of their next fire times: what is due is found without looking at the others. One of a
/// file goes before one of the same name that a person has added. Of one owner.
/// </summary>
internal sealed class ScheduleTable
{
    private readonly Dictionary<string, KnownSchedule> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, KnownSchedule> _hidden = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _unread = new(StringComparer.Ordinal);
    private readonly PriorityQueue<(KnownSchedule Schedule, int Place), DateTimeOffset> _order = new();

    /// <summary>How many there are.</summary>
    public int Count => _byName.Count;

    /// <summary>All, in no order.</summary>
    public IEnumerable<KnownSchedule> All => _byName.Values;

    /// <summary>The names of those that people have added and a file's of the same name hides.</summary>
    public IEnumerable<string> Hidden => _hidden.Keys;

    /// <summary>The names of those that cannot be read.</summary>
    public IEnumerable<string> Unread => _unread;

    /// <summary>The earliest fire time of all that are not paused; null where none is left.</summary>
    public DateTimeOffset? NextFire
    {
        get
        {
            DropStale();
            return _order.TryPeek(out _, out var next) ? next : null;
        }
    }

    /// <summary>A schedule by its name; null where there is none.</summary>
    public KnownSchedule? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Has the schedules of the files be these; one that says what it said before keeps its next fire time.</summary>
    /// <param name="jobs">All schedules of files.</param>
    /// <param name="markOf">What people have ordered of a schedule.</param>
    /// <param name="after">The next fire times of new ones are after this.</param>
    public void UseFiles(
        IReadOnlyList<ScalingSchedule> jobs, Func<string, ScheduleMark?> markOf, DateTimeOffset after)
    {
        var wanted = jobs.Select(job => job.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var gone in _byName.Values.Where(known => known.File is not null && !wanted.Contains(known.Name)).ToList())
        {
            Take(gone);
            if (_hidden.Remove(gone.Name, out var shown)) AddAfter(shown, after);
        }

        foreach (var job in jobs)
        {
            var known = _byName.GetValueOrDefault(job.Name);
            if (known is { File: { } file } && known.Schedule!.Digest == job.Digest && file == job.Place.File) continue;
            if (known is not null) Take(known);
            if (known is { Added: not null }) _hidden[known.Name] = known;
            var mark = markOf(job.Name);
            AddAfter(new KnownSchedule { Name = job.Name, Schedule = job, Mark = mark },
                mark?.ResumedAt > after ? mark.ResumedAt.Value : after);
        }
    }

    /// <summary>Adds one, with its next fire time, in place of any that a person has added before.</summary>
    public void Add(KnownSchedule schedule)
    {
        if (_byName.GetValueOrDefault(schedule.Name) is { } known)
        {
            if (known.File is not null)
            {
                _hidden[schedule.Name] = schedule;
                return;
            }

            Take(known);
        }

        _byName[schedule.Name] = schedule;
        if (schedule.Problem is not null) _unread.Add(schedule.Name);
        Place(schedule);
    }

    /// <summary>Removes one that a person has added.</summary>
    public void Remove(string name)
    {
        if (_byName.GetValueOrDefault(name) is { Added: not null } known) Take(known);
        _hidden.Remove(name);
    }

    /// <summary>Has the next fire time be the first one after an instant.</summary>
    public void MoveOn(KnownSchedule schedule, DateTimeOffset after)
    {
        schedule.CountFrom(after);
        Place(schedule);
    }

    /// <summary>Puts a schedule where its next fire time has it; a paused one is nowhere.</summary>
    public void Place(KnownSchedule schedule)
    {
        schedule.Place++;
        if (!schedule.IsPaused && schedule.Next is { } next) _order.Enqueue((schedule, schedule.Place), next);

        // What has another place by now goes when its turn comes; at times all of it at once.
        if (_order.Count <= (2 * _byName.Count) + 1_000) return;
        _order.Clear();
        foreach (var known in _byName.Values.Where(known => !known.IsPaused && known.Next is not null))
            _order.Enqueue((known, known.Place), known.Next!.Value);
    }

    /// <summary>Takes those that are due out of the order, until <see cref="Place"/> or <see cref="MoveOn"/>.</summary>
    /// <param name="now">The present.</param>
    /// <param name="most">So many at most.</param>
    public List<KnownSchedule> TakeDue(DateTimeOffset now, int most)
    {
        var due = new List<KnownSchedule>();
        while (due.Count < most && NextFire <= now) due.Add(_order.Dequeue().Schedule);
        return due;
    }

    /// <summary>The next fire times are counted from an instant on, whatever was dealt with.</summary>
    public void Rebase(DateTimeOffset after)
    {
        foreach (var known in _byName.Values) MoveOn(known, after);
    }

    private void AddAfter(KnownSchedule schedule, DateTimeOffset after)
    {
        schedule.CountFrom(after);
        Add(schedule);
    }

    private void Take(KnownSchedule schedule)
    {
        schedule.Place++;
        _byName.Remove(schedule.Name);
        _unread.Remove(schedule.Name);
    }

    private void DropStale()
    {
        while (_order.TryPeek(out var first, out _)
            && (first.Place != first.Schedule.Place || _byName.GetValueOrDefault(first.Schedule.Name) != first.Schedule))
        {
            _order.Dequeue();
        }
    }
}
