using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Registry;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <summary>
/// The state of the cluster during one term of leadership: composes its owners, which know each other in the order of their
/// making. All of it runs on the master's loop; what must be durable goes through the registry first, and what others learn
/// leaves through their streams.
/// </summary>
internal sealed class MasterCore
{
    private readonly ClusterServices _services;
    private readonly AgentTable _agents;
    private readonly FrameworkTable _frameworks;
    private readonly OpenStreams _streams = new();
    private readonly MaintenancePlan _plan = new();
    private readonly Accounting _accounting;

    public MasterCore(
        string masterId, MasterOptions options, TimeProvider time, ClusterLoop loop, ChangeMark changes, IRegistry registry,
        IAllocator allocator, MasterMetrics metrics, ILogger log)
    {
        _services = new ClusterServices(masterId, options, time, loop, changes, registry, metrics, log);
        var ledger = new Ledger(changes);
        _agents = new AgentTable(_services);
        _frameworks = new FrameworkTable(_services);
        var allocations = new AllocationQueue(_services);
        Events = new OperatorEvents(_services, _streams);
        Offers = new OfferTable(_services, ledger, _agents, _frameworks, allocations, _plan);
        Roles = new RoleConfiguration(_services, ledger, _agents, _frameworks, allocations, Offers);
        Maintenance = new Maintenance(_services, _agents, allocations, _plan, Offers);
        Views = new ClusterViews(_services, ledger, _agents, _frameworks, _plan, Roles);
        Tasks = new ClusterTasks(_services, ledger, _agents, _frameworks, allocations, Events);
        Messages = new ExecutorMessages(_services, _agents, _frameworks, Tasks);
        Reservations = new AgentReservations(_services, ledger, _agents, allocations, Offers);
        Acceptance = new OfferAcceptance(_services, ledger, _agents, allocations, Offers, Tasks, Reservations, Events);
        Connections = new AgentConnections(_services, _agents, Offers, _streams);
        Removal = new AgentRemoval(
            _services, ledger, _agents, Connections, _frameworks, allocations, Offers, Tasks, Acceptance, Events);
        var draining = new AgentDraining(_services, _agents, _frameworks, Tasks);
        Operations = new AgentOperations(_services, _agents, allocations, Offers, draining, Removal);
        Frameworks = new FrameworkSubscriptions(_services, _agents, _frameworks, allocations, Offers, Tasks, Events, Views,
            _streams);
        Updates = new FrameworkUpdates(_services, _frameworks, allocations, Offers, Events, Views);
        OperationStates = new OperationReconciliation(_services, _agents);
        var adoption = new TaskAdoption(_services, ledger, _frameworks, Frameworks, Tasks, draining, Events);
        Agents = new AgentRegistration(
            _services, ledger, _agents, Connections, allocations, Reservations, adoption, Events, Views);
        _accounting = new Accounting(ledger, _agents, _frameworks, Offers);

        // The three ways back: what has changed is allocated a little later, an agent without tasks may have drained, and one
        // that does not answer is given up.
        allocations.OnDue = new OfferAllocator(_services, allocator, ledger, _agents, _frameworks, allocations, _plan, Offers,
            Roles).Allocate;
        Tasks.OnCompleted = Operations.CheckDrained;
        Connections.OnSilent = Removal.TryGiveUp;
    }

    /// <summary>This term's id: prefix of all ids that it gives.</summary>
    public string MasterId => _services.MasterId;

    public MesosCounters Counters => _services.Metrics.Mesos;

    public AgentRegistration Agents { get; }

    public AgentConnections Connections { get; }

    public AgentRemoval Removal { get; }

    public AgentOperations Operations { get; }

    public AgentReservations Reservations { get; }

    public FrameworkSubscriptions Frameworks { get; }

    public FrameworkUpdates Updates { get; }

    public OperationReconciliation OperationStates { get; }

    public OfferTable Offers { get; }

    public OfferAcceptance Acceptance { get; }

    public ClusterTasks Tasks { get; }

    public ExecutorMessages Messages { get; }

    public RoleConfiguration Roles { get; }

    public Maintenance Maintenance { get; }

    public OperatorEvents Events { get; }

    public ClusterViews Views { get; }

    /// <summary>The maintenance schedule as it is.</summary>
    public MaintenanceSchedule Schedule => _plan.Schedule;

    /// <summary>The framework of an id, also one that has ended and still has tasks.</summary>
    public Framework? FindFramework(FrameworkId id) => _frameworks.Known.GetValueOrDefault(id);

    /// <summary>
    /// Takes over what the registry has. Agents have a while to return; frameworks have their failover timeout.
    /// </summary>
    public void Recover(
        IEnumerable<AgentEntry> agents, IEnumerable<FrameworkEntry> frameworks, RolesEntry? roles = null,
        MaintenanceSchedule? schedule = null)
    {
        Roles.Recover(roles);
        Maintenance.Recover(schedule);
        _agents.Recover(agents);
        foreach (var framework in _frameworks.Recover(frameworks)) Frameworks.AwaitFailover(framework);
        if (_agents.AnyRecovering) _services.Loop.After(_services.Options.AgentReregisterTimeout, Removal.GiveUpRecoveringAgents);
        _services.Log.LogInformation(
            "Master {Master} leads; it knows {Agents} agents and {Frameworks} frameworks", MasterId, _agents.Absent.Count,
            _frameworks.Known.Count);
    }

    /// <summary>Ends the term: every stream is closed, so that agents and frameworks look for the new leader.</summary>
    public void End() => _streams.Close();

    /// <summary>Checks that every amount is counted exactly once. For tests: it walks over everything.</summary>
    /// <exception cref="InvalidOperationException">The accounts are wrong.</exception>
    public void Verify() => _accounting.Check();
}
