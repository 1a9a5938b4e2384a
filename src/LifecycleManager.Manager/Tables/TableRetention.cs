using LifecycleManager.Manager.Observability;
using LifecycleManager.Storage.Records;

namespace LifecycleManager.Manager.Tables;

/// <summary>How much a table keeps: the oldest records go in small steps. Of one owner.</summary>
/// <param name="age">Records older than this go.</param>
/// <param name="bytes">The oldest go while the table holds more, about.</param>
/// <param name="time">The clock; one that is wrong deletes no more at once than another.</param>
internal sealed class TableRetention(TimeSpan age, long bytes, TimeProvider time)
{
    /// <summary>Between two steps: 1 s.</summary>
    public static readonly TimeSpan BetweenSteps = TimeSpan.FromSeconds(1);

    /// <summary>The most records of a step.</summary>
    public const int Step = 1_000;

    // All of it is counted: less often than the steps are made.
    private static readonly TimeSpan BetweenCounts = TimeSpan.FromMinutes(5);

    private long _counted;
    private RecordVolume? _volume;
    private bool _isDone;

    /// <summary>Whether a record of an instant is not too old.</summary>
    public bool Keeps(DateTimeOffset at) => at >= time.GetUtcNow() - age;

    /// <summary>Takes a step where there is something to delete.</summary>
    /// <returns>Whether there may be more.</returns>
    public async Task<bool> PruneAsync(IRecordTable table, TableMetrics metrics, CancellationToken cancellation)
    {
        if (_volume is null || time.GetElapsedTime(_counted) >= BetweenCounts)
        {
            _volume = await table.VolumeAsync(cancellation);
            _counted = time.GetTimestamp();
        }
        else if (_isDone)
        {
            return false;
        }

        var deleted = await table.DeleteOldestAsync(time.GetUtcNow() - age, _volume.Bytes - bytes, Step, cancellation);
        _volume = new RecordVolume(_volume.Records - deleted.Records, _volume.Bytes - deleted.Bytes);
        _isDone = deleted.Records < Step && _volume.Bytes <= bytes;
        metrics.Kept(table.Schema.Name, _volume, deleted.Records);
        return !_isDone;
    }

}
