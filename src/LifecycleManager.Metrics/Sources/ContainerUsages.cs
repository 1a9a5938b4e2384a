using System.Collections.Concurrent;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Sources;

/// <summary>What an instance's container used, as its agent measured it.</summary>
/// <param name="App">The absolute app id.</param>
/// <param name="Instance">The task's id.</param>
/// <param name="At">When, seconds since 1970 by the agent's clock, which may be off: for differences alone.</param>
/// <param name="CpuSeconds">Cpu time since the container began; NaN where it is not measured.</param>
/// <param name="MemoryBytes">The highest memory in use since it was last taken; NaN where it is not measured.</param>
public sealed record ContainerUsage(string App, string Instance, double At, double CpuSeconds, double MemoryBytes);

/// <summary>
/// What the containers of all apps use, whether or not anybody demands metrics of them: agents' statistics on their way to who
/// takes them. Of each instance the newest waits. Empty while nobody wants them. Safe for any thread.
/// </summary>
public sealed class ContainerUsages
{
    /// <summary>Of so many instances measurements wait: what comes on top is left out.</summary>
    public const int MaxWaiting = 200_000;

    private ConcurrentDictionary<string, ContainerUsage> _waiting = new(StringComparer.Ordinal);
    private volatile bool _isWanted;
    private Owners? _owners;

    /// <summary>Why there are none; null where the collector knows whom to ask.</summary>
    public string? Problem { get; init; }

    /// <summary>Whether somebody takes them.</summary>
    public bool IsWanted => _isWanted;

    /// <summary>Raised when <see cref="IsWanted"/> changes.</summary>
    internal event Action? Changed;

    /// <summary>Says whether somebody takes them; what waited until then is dropped.</summary>
    public void Want(bool isWanted)
    {
        _isWanted = isWanted;
        Take();
        Changed?.Invoke();
    }

    /// <summary>A container has been measured.</summary>
    public void Add(ContainerUsage usage)
    {
        ArgumentNullException.ThrowIfNull(usage);
        if (!_isWanted) return;
        var waiting = Volatile.Read(ref _waiting);
        if (waiting.Count >= MaxWaiting && !waiting.ContainsKey(usage.Instance)) return;
        waiting.AddOrUpdate(usage.Instance, usage, (_, before) =>
            before.MemoryBytes > usage.MemoryBytes ? usage with { MemoryBytes = before.MemoryBytes } : usage);
    }

    /// <summary>Takes what waits, once.</summary>
    public IReadOnlyCollection<ContainerUsage> Take() =>
        [.. Interlocked.Exchange(ref _waiting, new(StringComparer.Ordinal)).Values];

    /// <summary>Agents' statistics have been read.</summary>
    /// <param name="all">Of all tasks of one agent.</param>
    /// <param name="targets">Whose tasks these are; null before the scheduler has answered.</param>
    internal void Add(IEnumerable<AgentStatistics> all, TargetSnapshot? targets)
    {
        if (!_isWanted || targets is null) return;

        // Made anew with each view of the scheduler's, as agents are read; twice does no harm.
        var owners = Volatile.Read(ref _owners);
        if (!ReferenceEquals(owners?.Targets, targets)) Volatile.Write(ref _owners, owners = new Owners(targets));
        foreach (var one in all)
        {
            if (!double.IsFinite(one.Timestamp) || owners!.Find(one.Task) is not { } app) continue;
            Add(new ContainerUsage(app, one.Task, one.Timestamp, one.CpuSeconds, one.MemoryBytes));
        }
    }

    /// <summary>The apps of tasks, as the scheduler had them.</summary>
    private sealed class Owners(TargetSnapshot targets)
    {
        private readonly Dictionary<string, string> _apps = Map(targets);

        public TargetSnapshot Targets => targets;

        public string? Find(string task) => _apps.GetValueOrDefault(task);

        private static Dictionary<string, string> Map(TargetSnapshot targets)
        {
            var apps = new Dictionary<string, string>(targets.Targets.Count, StringComparer.Ordinal);
            foreach (var target in targets.Targets) apps[target.Id] = target.App;
            return apps;
        }
    }
}
