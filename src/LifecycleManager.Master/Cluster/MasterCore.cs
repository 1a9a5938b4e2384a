using System.Text.Json;
using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Resources;
using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <summary>
/// The state of the cluster and every decision on it, during one term of leadership. All of it runs on the master's loop; what
/// must be durable goes through the registry first, and what others learn leaves through their streams.
/// </summary>
internal sealed partial class MasterCore
{
    private static readonly TimeSpan StoreRetry = TimeSpan.FromSeconds(1);

    private readonly MasterOptions _options;
    private readonly TimeProvider _time;
    private readonly ClusterLoop _loop;
    private readonly ChangeMark _changes;
    private readonly IRegistry _registry;
    private readonly IAllocator _allocator;
    private readonly MasterMetrics _metrics;
    private readonly ILogger _log;

    private readonly Dictionary<AgentId, Agent> _agents = [];
    private readonly Dictionary<AgentId, AbsentAgent> _absent = [];
    private readonly Dictionary<FrameworkId, Framework> _frameworks = [];
    private readonly BoundedLog<FrameworkId, Framework> _completed = new();
    private readonly BoundedLog<FrameworkId, FrameworkEntry> _removed = new();
    private readonly Dictionary<OfferId, OfferRecord> _offers = [];
    private readonly Ledger _ledger;

    // All that are open, those included whose registration is still being stored.
    private readonly HashSet<IEventStream> _streams = [];

    private readonly long _startedAt;

    private long _nextAgent;
    private long _nextAbsence;
    private long _nextFramework;
    private long _nextOffer;

    public MasterCore(
        string masterId, MasterOptions options, TimeProvider time, ClusterLoop loop, ChangeMark changes, IRegistry registry,
        IAllocator allocator, MasterMetrics metrics, ILogger log)
    {
        MasterId = masterId;
        _options = options;
        _time = time;
        _loop = loop;
        _changes = changes;
        _ledger = new Ledger(changes);
        _registry = registry;
        _allocator = allocator;
        _metrics = metrics;
        _log = log;
        StartedAt = Now;
        _startedAt = time.GetTimestamp();
        _removals = options.AgentRemovalLimit is { } limit ? new RateLimiter(limit, options.AgentRemovalWindow) : null;
    }

    /// <summary>This term's id: prefix of all ids that it gives.</summary>
    public string MasterId { get; }

    public DateTimeOffset StartedAt { get; }

    private DateTimeOffset Now => _time.GetUtcNow();

    /// <summary>Takes over what the registry has. Agents have a while to return; frameworks have their failover timeout.</summary>
    public void Recover(
        IEnumerable<AgentEntry> agents, IEnumerable<FrameworkEntry> frameworks, RolesEntry? roles = null, MaintenanceSchedule? schedule = null)
    {
        _roles = _newestRoles = roles ?? RolesEntry.Empty;
        _schedule = schedule ?? new MaintenanceSchedule();
        WakeForMaintenance();
        foreach (var entry in agents.OrderBy(entry => entry.Since))
        {
            var id = entry.Info.Id!.Value;
            _absent[id] = new AbsentAgent(id, entry, _nextAbsence++);
        }

        foreach (var entry in frameworks.OrderBy(entry => entry.RemovedAt ?? entry.RegisteredAt))
        {
            var id = entry.Info.Id!.Value;
            if (entry.RemovedAt is not null)
            {
                _removed.Put(id, entry, _options.MaxRemembered);
                continue;
            }

            var framework = new Framework(entry.Info, entry.RegisteredAt) { IsRecovered = true };
            _frameworks[id] = framework;
            AwaitFailover(framework);
        }

        if (_absent.Values.Any(agent => agent.IsRecovering)) _loop.After(_options.AgentReregisterTimeout, GiveUpRecoveringAgents);
        _log.LogInformation(
            "Master {Master} leads; it knows {Agents} agents and {Frameworks} frameworks", MasterId, _absent.Count, _frameworks.Count);
    }

    /// <summary>Ends the term: every stream is closed, so that agents and frameworks look for the new leader.</summary>
    public void End()
    {
        foreach (var stream in _streams) stream.Close();
    }

    /// <summary>Checks that every amount is counted exactly once. For tests: it walks over everything.</summary>
    /// <exception cref="InvalidOperationException">The accounts are wrong.</exception>
    public void Verify()
    {
        foreach (var agent in _agents.Values)
        {
            var offered = agent.Offers.Aggregate(ResourceSet.Empty, (sum, offer) => sum.Plus(offer.Resources));
            offered = agent.Accepts.Aggregate(offered, (sum, accept) => sum.Plus(accept.Left));
            var used = agent.Tasks.Select(key => _frameworks[key.Framework].Tasks[key.Task])
                .Where(task => !task.State.IsTerminal())
                .Aggregate(ResourceSet.Empty, (sum, task) => sum.Plus(task.Resources));
            used = agent.Executors.Values.Aggregate(used, (sum, executor) => sum.Plus(executor.Resources));
            Check(offered.Equals(agent.Account.Offered), $"offered on {agent.Id.Value}: {agent.Account.Offered} but the offers have {offered}");
            Check(used.Equals(agent.Account.Used), $"used on {agent.Id.Value}: {agent.Account.Used} but the tasks have {used}");
            var sum = agent.Account.Free.Plus(offered).Plus(used);
            var isOver = !agent.Account.Total.Contains(offered.Plus(used));
            Check(isOver || sum.Equals(agent.Account.Total), $"{agent.Id.Value} has {agent.Account.Total} but the parts are {sum}");
        }

        foreach (var framework in _frameworks.Values)
        {
            foreach (var task in framework.Tasks.Values)
            {
                Check(
                    _agents.TryGetValue(task.AgentId, out var agent) && agent.Tasks.Contains((framework.Id, task.Id)),
                    $"task {task.Id.Value} is not on its agent");
            }
        }

        Check(_offers.Count == _agents.Values.Sum(agent => agent.Offers.Count), "an offer is of no agent");
        Check(_offers.Count == _frameworks.Values.Sum(framework => framework.Offers.Count), "an offer is of no framework");
        _ledger.Verify();
    }

    private static void Check(bool holds, string problem)
    {
        if (!holds) throw new InvalidOperationException(problem);
    }

    private void Store(AgentEntry entry, Action durable, Action<string> refused) =>
        _registry.Commit([Write(RegistryKeys.Agents, entry.Info.Id!.Value.Value, entry, RegistryJson.Default.AgentEntry)], durable, refused);

    private void Store(FrameworkEntry entry, Action durable, Action<string> refused) =>
        _registry.Commit(
            [Write(RegistryKeys.Frameworks, entry.Info.Id!.Value.Value, entry, RegistryJson.Default.FrameworkEntry)], durable, refused);

    private void Forget(string prefix, IReadOnlyList<string> ids)
    {
        if (ids.Count == 0) return;
        _registry.Commit(
            [.. ids.Select(id => StateWrite.Delete(prefix + id))], static () => { }, _ => _loop.After(StoreRetry, () => Forget(prefix, ids)));
    }

    private static StateWrite Write<T>(
        string prefix, string id, T entry, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        new(prefix + id, JsonSerializer.SerializeToUtf8Bytes(entry, type));

    private static bool Same<T>(T a, T b, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        JsonSerializer.SerializeToUtf8Bytes(a, type).AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(b, type));
}
