using LifecycleManager.Master.Resources;

namespace LifecycleManager.Master.Cluster;

/// <content>Snapshots for readers.</content>
internal sealed partial class MasterCore
{
    /// <summary>Everything, as it is now.</summary>
    public MasterView View() => new()
    {
        MasterId = MasterId,
        StartedAt = StartedAt,
        Uptime = _time.GetElapsedTime(_startedAt),
        Agents = [.. _agents.Values.Select(agent => new AgentView(agent, UnavailabilityOf(agent)))],
        Absent = [.. _absent.Values.Select(absent => (absent.Id, absent.Entry))],
        Frameworks = [.. _frameworks.Values.Where(framework => framework.UnregisteredAt is null).Select(View)],
        Completed = [.. _frameworks.Values.Where(framework => framework.UnregisteredAt is not null).Concat(_completed.Values).Select(View)],
        Total = _ledger.Total.Copy(),
        Offered = _ledger.Offered.Copy(),
        Used = _ledger.Used.Copy(),
        Roles = RoleViews(),
        PendingEvents = _loop.Pending,
    };

    private FrameworkView View(Framework framework) => new(
        framework, [.. framework.Roles.Select(role => _ledger.Of(framework.Id, role)?.Copy()).OfType<Quantities>()], _agents);
}
