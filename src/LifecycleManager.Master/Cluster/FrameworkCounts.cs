using System.Text.Json;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>What Mesos counts of each framework, for as long as this term knows it. Owned by the master's loop.</summary>
internal sealed class FrameworkCounts
{
    private readonly long[] _calls = new long[Enum.GetValues<CallType>().Length];
    private readonly long[] _events = new long[Enum.GetValues<EventType>().Length];
    private readonly long[] _operations = new long[Enum.GetValues<OperationType>().Length];
    private readonly long[] _ended = new long[Enum.GetValues<TaskState>().Length];

    public long OffersSent { get; set; }

    public long OffersAccepted { get; set; }

    public long OffersDeclined { get; set; }

    public long OffersRescinded { get; set; }

    public void Called(CallType type) => _calls[(int)type]++;

    public void Told(EventType type) => _events[(int)type]++;

    public void Operated(OperationType type) => _operations[(int)type]++;

    public void Ended(TaskState state) => _ended[(int)state]++;

    /// <summary>The counts under Mesos' names, as they are now.</summary>
    public IReadOnlyList<(string Name, long Value)> All() =>
    [
        ("offers/sent", OffersSent), ("offers/accepted", OffersAccepted), ("offers/declined", OffersDeclined),
        ("offers/rescinded", OffersRescinded),
        .. ByType<CallType>("calls", _calls), .. ByType<EventType>("events", _events),
        .. ByType<OperationType>("operations", _operations),
        .. Enum.GetValues<TaskState>().Where(state => state.IsTerminal() && state != TaskState.Unknown)
            .Select(state => ($"tasks/terminal/task_{MasterMetrics.Name(state)}", _ended[(int)state])),
    ];

    private static IEnumerable<(string Name, long Value)> ByType<T>(string of, long[] counts) where T : struct, Enum
    {
        yield return (of, counts.Sum());
        for (var i = 1; i < counts.Length; i++)
            yield return ($"{of}/{JsonNamingPolicy.SnakeCaseLower.ConvertName(Enum.GetName((T)(object)i)!)}", counts[i]);
    }
}
