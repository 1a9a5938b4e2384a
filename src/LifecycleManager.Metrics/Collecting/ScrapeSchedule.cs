using LifecycleManager.Metrics.Scraping;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>
/// The owner's jobs and when each runs next. Those that are due are begun, no more at once than there is room for.
/// </summary>
/// <param name="context">What all scrapes share.</param>
/// <param name="ended">Told from another thread of each scrape that has ended.</param>
/// <param name="most">How many run at once.</param>
internal sealed class ScrapeSchedule(ScrapeContext context, Func<ScrapeEnded, ValueTask> ended, int most)
{
    private readonly JobQueue _queue = new(context.Options.Interval);
    private readonly HashSet<ScrapeJob> _jobs = [];
    private readonly List<ScrapeJob> _new = [];
    private readonly Dictionary<ScrapeJob, Task> _running = [];
    private readonly long _start = context.Time.GetTimestamp();
    private ScrapeJob[] _published = [];
    private bool _changed;

    /// <summary>All jobs as of the last turn; for any thread.</summary>
    public ScrapeJob[] Published => Volatile.Read(ref _published);

    /// <summary>Until a job is due that may be begun; null where there is none.</summary>
    public TimeSpan? NextDue => HasRoom && _queue.NextDue is { } due ? TimeSpan.FromMilliseconds(due - Now) : null;

    /// <summary>Completes once the scrapes under way have ended; to be asked when no turn is under way.</summary>
    public Task EndOfAll => Task.WhenAll(_running.Values);

    private bool HasRoom => _running.Count < most;

    private long Now => (long)context.Time.GetElapsedTime(_start).TotalMilliseconds;

    /// <summary>Adds a job, which runs soon.</summary>
    public void Add(ScrapeJob job)
    {
        _jobs.Add(job);
        _new.Add(job);
        _changed = true;
    }

    /// <summary>Nobody wants the job any more; a run under way may end.</summary>
    public void Remove(ScrapeJob job)
    {
        job.Removed = true;
        _jobs.Remove(job);
        _changed = true;
    }

    /// <summary>A job has run.</summary>
    public void End(ScrapeJob job)
    {
        _running.Remove(job);
        if (!job.Removed) _queue.AddNext(job, Now);
    }

    /// <summary>Begins what is due, and publishes which jobs there are.</summary>
    public void Begin(CancellationToken cancellation)
    {
        var now = Now;

        // Once all of a turn are known: over how long they are spread depends on how many there are.
        foreach (var job in _new) _queue.AddNew(job, now, _jobs.Count);
        _new.Clear();
        while (HasRoom && _queue.TryTake(now, out var job)) _running.Add(job!, RunAsync(job!, cancellation));
        if (!_changed) return;
        Volatile.Write(ref _published, [.. _jobs]);
        _changed = false;
    }

    private async Task RunAsync(ScrapeJob job, CancellationToken cancellation)
    {
        var before = job.Status;
        Exception? defect = null;
        try
        {
            await job.RunAsync(cancellation);
        }
        catch (Exception e)
        {
            // A job tells by its status what goes wrong; what it throws is a defect.
            defect = e;
        }

        await ended(new ScrapeEnded(job, before, defect));
    }
}
