using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Sources.Servers;

namespace LifecycleManager.Metrics.Sources;

/// <summary>
/// How many messages a consumer group has yet to do: of each partition those that are there and come after its committed offset,
/// and their sum. A group that has committed nothing tells nothing, unless it is known where it begins.
/// </summary>
/// <param name="topic">The topic, for messages.</param>
/// <param name="settings">Where the group begins, and what is left out.</param>
internal sealed class ConsumerLag(string topic, SourceSettings settings)
{
    private const int MaxNamed = 5;
    private Dictionary<int, (long Committed, TimeSpan Since)> _seen = [];

    /// <summary>The lag.</summary>
    /// <param name="offsets">Where the group and the topic stand.</param>
    /// <param name="now">A monotonic time: how long offsets stand still is measured by it.</param>
    public SourceAnswer Of(TopicOffsets offsets, TimeSpan now)
    {
        var stuck = Stuck(offsets.Partitions, now);
        var open = offsets.Partitions.Where(one => !IsKnown(one)).ToList();
        var fromStart = settings.OffsetReset == SourceWords.Earliest;
        // What a group would find that begins at the end, nobody can tell before it has begun.
        if (open.Count == offsets.Partitions.Count && !fromStart)
        {
            return settings.OffsetReset == SourceWords.Latest ? new SourceAnswer(double.NaN, null)
                : SourceAnswer.None(
                    $"the group '{settings.Group}' has committed no offset of '{topic}' that is still there: {Remedy}");
        }

        // Where nothing lies there is nothing to do, wherever the group begins.
        var doubtful = open.Where(one => one.End > one.Start).ToList();
        if (doubtful.Count > 0 && settings.OffsetReset is null)
        {
            return SourceAnswer.None($"the group '{settings.Group}' has no committed offset that is still there "
                + $"of {Named(doubtful)} of '{topic}', where messages are: {Remedy}");
        }

        return new SourceAnswer(
            offsets.Partitions.Where(one => !stuck.Contains(one.Partition)).Sum(one => (double)Waiting(one, fromStart)), null);
    }

    private const string Remedy =
        "'offsetReset: earliest' or 'latest' says where it begins there, as its own auto.offset.reset does";

    /// <summary>Whether there is an offset, and none of a topic of the same name that was there before.</summary>
    private static bool IsKnown(PartitionOffsets one) => one.Committed <= one.End;

    // What retention has removed cannot be done any more.
    private static long Waiting(PartitionOffsets one, bool fromStart) =>
        IsKnown(one) ? one.End - Math.Max(one.Committed!.Value, one.Start) : fromStart ? one.End - one.Start : 0;

    /// <summary>The partitions where nothing was committed for too long.</summary>
    private HashSet<int> Stuck(IReadOnlyList<PartitionOffsets> partitions, TimeSpan now)
    {
        if (settings.ExcludePersistentLag is not { } limit) return [];
        var seen = new Dictionary<int, (long, TimeSpan)>(partitions.Count);
        var stuck = new HashSet<int>();
        foreach (var one in partitions)
        {
            // One that has nothing to do does not stand still.
            if (one.Committed is not { } committed || committed >= one.End) continue;
            var since = _seen.TryGetValue(one.Partition, out var before) && before.Committed == committed ? before.Since : now;
            seen[one.Partition] = (committed, since);
            if (now - since >= limit) stuck.Add(one.Partition);
        }

        _seen = seen;
        return stuck;
    }

    private static string Named(List<PartitionOffsets> partitions) =>
        (partitions.Count == 1 ? "partition " : "partitions ")
        + string.Join(", ", partitions.Take(MaxNamed).Select(one => one.Partition))
        + (partitions.Count > MaxNamed ? ", ..." : "");
}
