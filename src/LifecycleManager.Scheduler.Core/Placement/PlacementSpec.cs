using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Labels;

namespace LifecycleManager.Scheduler.Core.Placement;

/// <summary>What placement has to know of an app. Scalars in thousandths, as Mesos counts them.</summary>
internal sealed record PlacementSpec
{
    /// <summary>Cpus.</summary>
    public long Cpus { get; init; }

    /// <summary>Memory, MB.</summary>
    public long Mem { get; init; }

    /// <summary>Disk, MB.</summary>
    public long Disk { get; init; }

    /// <summary>Gpus.</summary>
    public long Gpus { get; init; }

    /// <summary>Constraints.</summary>
    public IReadOnlyList<Constraint> Constraints { get; init; } = [];

    /// <summary>Host ports: a number for that port, 0 for any, null for none (not published).</summary>
    public IReadOnlyList<int?> Ports { get; init; } = [];

    /// <summary>The roles whose resources may be used.</summary>
    public IReadOnlyList<string> Roles { get; init; } = ["*"];

    /// <summary>Needs a Docker engine.</summary>
    public bool NeedsDocker { get; init; }

    /// <summary>Which of the fitting agents to prefer.</summary>
    public PlacementStrategy Strategy { get; init; }
}

/// <summary>A wish for instances of one app.</summary>
/// <param name="Spec">What one instance needs.</param>
/// <param name="Count">How many.</param>
/// <param name="Existing">Where the app's instances are already.</param>
internal sealed record PlacementRequest(PlacementSpec Spec, int Count, IReadOnlyList<PlacedInstance> Existing)
{
    /// <summary>The app, for what others wish to be near it or away from it.</summary>
    public string App { get; init; } = "";

    /// <summary>What the app owes to its neighbours; takes note of what the round places before it.</summary>
    public IReadOnlyList<AffinityRule> Near { get; init; } = [];
}

/// <summary>Where an instance is.</summary>
/// <param name="AgentId">The agent.</param>
/// <param name="Host">Its host name.</param>
/// <param name="Region">Its region.</param>
/// <param name="Zone">Its zone.</param>
/// <param name="Attributes">Its attributes.</param>
internal sealed record PlacedInstance(
    string AgentId, string Host, string? Region, string? Zone, IReadOnlyDictionary<string, string> Attributes);

/// <summary>One placed instance.</summary>
/// <param name="Request">The index of the request.</param>
/// <param name="Agent">The index of the agent.</param>
/// <param name="Ports">Host ports in the order of the spec's; null where none is published.</param>
/// <param name="Taken">What was taken from which reservation.</param>
internal sealed record Placement(int Request, int Agent, IReadOnlyList<int?> Ports, IReadOnlyList<TakenResources> Taken);

/// <summary>What an instance takes from one reservation of its agent. Scalars in thousandths.</summary>
/// <param name="From">The reservation.</param>
/// <param name="Cpus">Cpus.</param>
/// <param name="Mem">Memory, MB.</param>
/// <param name="Disk">Disk, MB.</param>
/// <param name="Gpus">Gpus.</param>
/// <param name="Ports">Ports.</param>
internal sealed record TakenResources(RoleResources From, long Cpus, long Mem, long Disk, long Gpus, IReadOnlyList<int> Ports);

/// <summary>What became of one request.</summary>
internal sealed class RequestOutcome
{
    /// <summary>How many were placed.</summary>
    public int Placed { get; internal set; }

    /// <summary>Agents that were used or refused.</summary>
    public int Processed { get; internal set; }

    /// <summary>Agents that were refused, by the first reason in <see cref="Refusals.Order"/>.</summary>
    public int[] RefusedBy { get; } = new int[Refusals.Order.Count];

    /// <summary>Some of the refused agents, with every reason.</summary>
    public List<(int Agent, RefusalReasons Reasons)> Refused { get; } = [];
}

/// <summary>What a round of placement decided.</summary>
/// <param name="Placements">The placed instances.</param>
/// <param name="Outcomes">By request.</param>
internal sealed record PlacementResult(IReadOnlyList<Placement> Placements, IReadOnlyList<RequestOutcome> Outcomes);
