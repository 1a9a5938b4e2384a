using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>Snapshots for readers.</summary>
internal sealed class ClusterViews(
    ClusterServices services, Ledger ledger, AgentTable agents, FrameworkTable frameworks, MaintenancePlan plan,
    RoleConfiguration roles)
{
    private readonly DateTimeOffset _startedAt = services.Now;
    private readonly long _started = services.Time.GetTimestamp();

    /// <summary>Everything, as it is now.</summary>
    public MasterView All() => new()
    {
        MasterId = services.MasterId,
        StartedAt = _startedAt,
        Uptime = services.Time.GetElapsedTime(_started),
        Agents = [.. agents.Registered.Values.Select(Of)],
        Absent = [.. agents.Absent.Values.Select(absent => (absent.Id, absent.Entry))],
        Frameworks = [.. frameworks.Known.Values.Where(framework => framework.UnregisteredAt is null).Select(Of)],
        Completed = [.. frameworks.Known.Values.Where(framework => framework.UnregisteredAt is not null)
            .Concat(frameworks.Completed).Select(Of)],
        Total = ledger.Total.Copy(),
        Offered = ledger.Offered.Copy(),
        Used = ledger.Used.Copy(),
        Roles = Roles(),
        PendingEvents = services.Loop.Pending,
        QueuedWrites = services.Registry.Queued,
    };

    /// <summary>An agent as it is now.</summary>
    public AgentView Of(Agent agent) => new(agent, plan.UnavailabilityOf(agent));

    /// <summary>A framework as it is now.</summary>
    public FrameworkView Of(Framework framework) => new(
        framework, [.. framework.Roles.Select(role => ledger.Of(framework.Id, role)?.Copy()).OfType<Quantities>()],
        agents.Registered, services.Time.GetTimestamp());

    private List<RoleView> Roles()
    {
        var members = new SortedDictionary<string, List<FrameworkId>>(StringComparer.Ordinal);
        foreach (var framework in frameworks.Known.Values.Where(framework => framework.UnregisteredAt is null))
        {
            foreach (var role in framework.Roles)
            {
                if (!members.TryGetValue(role, out var own)) members[role] = own = [];
                own.Add(framework.Id);
            }
        }

        var settings = roles.Current;
        foreach (var role in ledger.ByRole.Keys.Concat(settings.Weights.Keys).Concat(settings.Quotas.Select(quota => quota.Role)))
            members.TryAdd(role, []);
        return [.. members.Select(role => new RoleView(
            role.Key, settings.Weights.TryGetValue(role.Key, out var weight) ? weight : 1, role.Value,
            ledger.ByRole.GetValueOrDefault(role.Key)?.Copy() ?? new Quantities())
        {
            Quota = settings.Quotas.FirstOrDefault(quota => quota.Role == role.Key),
        })];
    }
}
