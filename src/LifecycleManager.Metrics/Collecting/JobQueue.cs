using LifecycleManager.Metrics.Scraping;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>
/// When each job runs next. Every job has a place of its own within the interval, by the hash of its id, so that the work is
/// spread evenly and a job's samples are equally far apart. The places are a hundredth of the interval apart, 50 ms at most: of
/// many jobs some begin together, so that the process wakes 20 times a second and not once for each. Times are milliseconds of a
/// clock that never goes back.
/// </summary>
internal sealed class JobQueue(TimeSpan interval)
{
    private readonly long _interval = Math.Max(1, (long)interval.TotalMilliseconds);
    private readonly long _distance = Math.Clamp((long)interval.TotalMilliseconds / 100, 1, 50);
    private readonly PriorityQueue<ScrapeJob, long> _queue = new();

    /// <summary>When the next job is due; null where there is none.</summary>
    public long? NextDue => _queue.TryPeek(out _, out var due) ? due : null;

    /// <summary>A new job: soon, though many new jobs are spread over a while (2 ms each, at most an interval).</summary>
    public void AddNew(ScrapeJob job, long now, int jobs)
    {
        var spread = Math.Min(_interval, Math.Max(50, jobs * 2L));
        _queue.Enqueue(job, now + Place(job, spread));
    }

    /// <summary>A job that has run: at its place in the next interval.</summary>
    public void AddNext(ScrapeJob job, long now)
    {
        var place = Place(job, _interval) / _distance * _distance;
        _queue.Enqueue(job, (now - place + _interval) / _interval * _interval + place);
    }

    /// <summary>Takes a job that is due. Removed ones leave on the way.</summary>
    public bool TryTake(long now, out ScrapeJob? job)
    {
        while (_queue.TryPeek(out job, out var due))
        {
            if (!job.Removed && due > now) return false;
            _queue.Dequeue();
            if (!job.Removed) return true;
        }

        return false;
    }

    private static long Place(ScrapeJob job, long within)
    {
        var hash = 0xCBF29CE484222325;
        foreach (var c in job.Id) hash = (hash ^ c) * 0x100000001B3;
        // FNV's high bits are weak in the last characters, where ids differ.
        hash ^= hash >> 33;
        hash *= 0xFF51AFD7ED558CCD;
        return (long)((hash >> 40) * (ulong)within >> 24);
    }
}
