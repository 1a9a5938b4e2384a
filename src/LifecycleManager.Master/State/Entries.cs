using LifecycleManager.Master.Resources;
using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.State;

/// <summary>Where an agent stands.</summary>
internal enum AgentStanding
{
    /// <summary>Known from the registry; it has not come back since this master was elected.</summary>
    Recovered,

    /// <summary>Its stream is open.</summary>
    Connected,

    /// <summary>Its stream has ended; it may come back before its pings run out.</summary>
    Disconnected,

    /// <summary>It did not come back in time.</summary>
    Unreachable,
}

/// <summary>An agent, owned by the master's loop.</summary>
internal sealed class AgentEntry(AgentId id, AgentInfo info, DateTimeOffset registered)
{
    public AgentId Id { get; } = id;

    public AgentInfo Info { get; set; } = info;

    public string Version { get; set; } = "";

    public IReadOnlyList<string> Features { get; set; } = [];

    public AgentStanding Standing { get; set; } = AgentStanding.Recovered;

    public DateTimeOffset Registered { get; } = registered;

    public DateTimeOffset? Reregistered { get; set; }

    public DateTimeOffset? UnreachableSince { get; set; }

    public EventStream<AgentEvent>? Stream { get; set; }

    /// <summary>Pings sent since its last answer.</summary>
    public int Pings { get; set; }

    public ResourceBag Total { get; set; } = ResourceBag.Empty;

    /// <summary>What its tasks use that are not at their end.</summary>
    public ResourceBag Used { get; set; } = ResourceBag.Empty;

    /// <summary>What is offered and not yet answered.</summary>
    public ResourceBag Offered { get; set; } = ResourceBag.Empty;

    public ResourceBag Free => Total.Minus(Used).Minus(Offered);

    public Dictionary<(FrameworkId, TaskId), TaskEntry> Tasks { get; } = [];
}

/// <summary>A task, owned by the master's loop.</summary>
internal sealed class TaskEntry(FrameworkId framework, TaskInfo info, ResourceBag resources, TaskStatusInfo status)
{
    public FrameworkId Framework { get; } = framework;

    public TaskInfo Info { get; } = info;

    public ResourceBag Resources { get; } = resources;

    /// <summary>The newest state that the agent told, ahead of what the framework has acknowledged.</summary>
    public TaskState State { get; set; } = status.State;

    /// <summary>The newest status that was sent to the framework.</summary>
    public TaskStatusInfo Status { get; set; } = status;

    /// <summary>Statuses by their state, the last of each, for the state endpoints.</summary>
    public List<TaskStatusInfo> History { get; } = [status];

    public bool IsTerminal => State.IsTerminal();
}

/// <summary>A framework, owned by the master's loop.</summary>
internal sealed class FrameworkEntry(FrameworkId id, FrameworkInfo info, DateTimeOffset registered)
{
    public FrameworkId Id { get; } = id;

    public FrameworkInfo Info { get; set; } = info;

    public DateTimeOffset Registered { get; } = registered;

    public DateTimeOffset? Reregistered { get; set; }

    public DateTimeOffset? Unregistered { get; set; }

    public EventStream<SchedulerEvent>? Stream { get; set; }

    public bool Connected => Stream is not null;

    /// <summary>The roles that want no offers.</summary>
    public HashSet<string> Suppressed { get; } = new(StringComparer.Ordinal);

    public List<OfferFilter> Filters { get; } = [];

    public Dictionary<TaskId, TaskEntry> Tasks { get; } = [];

    public Queue<TaskEntry> Completed { get; } = new();

    /// <summary>When it is removed unless it comes back.</summary>
    public DateTimeOffset? RemovedAt { get; set; }

    public IReadOnlyList<string> Roles => Info.Roles is { Count: > 0 } roles ? roles : [string.IsNullOrEmpty(Info.Role) ? "*" : Info.Role];

    public bool Can(FrameworkCapability capability) => Info.Capabilities?.Any(known => known.Type == capability) == true;
}

/// <summary>What a framework does not want for a time: anything of the agent that is within the refused resources.</summary>
internal sealed record OfferFilter(AgentId Agent, ResourceBag Refused, DateTimeOffset Until);

/// <summary>An open offer.</summary>
internal sealed record OfferEntry(OfferId Id, FrameworkId Framework, AgentId Agent, ResourceBag Resources, string Role, DateTimeOffset At);
