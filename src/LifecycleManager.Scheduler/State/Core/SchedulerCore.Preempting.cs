using LifecycleManager.Scheduler.Deployments;
using LifecycleManager.Scheduler.Launching;
using LifecycleManager.Scheduler.Placement;

namespace LifecycleManager.Scheduler.State.Core;

// Room for what is more important.
internal sealed partial class SchedulerCore
{
    // First the ordinary way: an offer with room may be on its way.
    private static readonly TimeSpan BeforePreemption = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan OfferMemory = TimeSpan.FromSeconds(60);

    // What was left of each agent's last offers.
    private readonly Dictionary<string, (AgentPool Agent, TimeSpan At)> _leftOver = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _preempted = new(StringComparer.Ordinal);

    private TimeSpan _preemptAt = TimeSpan.MaxValue;

    private void Preempt(Moment now)
    {
        foreach (var ended in _preempted.Keys.Where(task => !_appOf.ContainsKey(task)).ToList()) _preempted.Remove(ended);
        if (_waiting.Count == 0 || !IsConnected) return;
        var waiting = Launchable(now).FirstOrDefault(entry =>
            now.Clock - entry.Waiting!.Since.Clock >= BeforePreemption && !_preempted.ContainsValue(entry.Id.Path) && IsAboveAnother(entry));
        if (waiting is null) return;

        var tenants = _apps.Values.SelectMany(Tenants).ToLookup(tenant => tenant.AgentId, StringComparer.Ordinal);
        var agents = tenants.Select(group => LeftOver(group.First(), now)).ToList();
        var request = AppPlacement.Request(waiting.Waiting!.Record.Definition, 1, waiting.Instances.Values, Neighbours(), _options.Placement);
        var spare = _apps.Values.ToDictionary(entry => entry.Id.Path, Spare, StringComparer.Ordinal);
        if (Preemption.Choose(request, PriorityOf(waiting), agents, tenants, spare) is not { } victims) return;
        foreach (var taskId in victims)
        {
            _preempted[taskId] = waiting.Id.Path;
            End(_appOf[taskId], _appOf[taskId].Instances[taskId], now);
        }
    }

    private bool IsAboveAnother(AppEntry entry)
    {
        var priority = PriorityOf(entry);
        return _apps.Values.Any(other => other.Instances.Count > 0 && PriorityOf(other) < priority);
    }

    private IEnumerable<Tenant> Tenants(AppEntry entry)
    {
        var priority = PriorityOf(entry);
        foreach (var instance in entry.Instances.Values)
        {
            if (!instance.IsActive || instance.State.IsUnreachable() || entry.DefinitionOf(instance.Version) is not { } definition) continue;
            yield return new Tenant(
                instance.TaskId, entry.Id.Path, instance.AgentId, priority, AppPlacement.Spec(definition, _options.Placement),
                [.. instance.Ports.OfType<int>()], instance.Staged);
        }
    }

    /// <summary>How many instances an app may lose; one that is being deployed, none.</summary>
    private static int Spare(AppEntry entry)
    {
        if (entry.Deployment is not null || entry.IsRemoved) return 0;
        var definition = entry.Record.Definition;
        var up = entry.Instances.Values.Count(instance =>
            InstanceView.Of(instance, entry.DefinitionOf(instance.Version), entry.Record.LastConfigChangeAt) is { IsActive: true, IsUp: true });
        return Math.Max(0, up - RollingRestart.MinimumHealthy(definition.Instances, definition.MinimumHealthCapacity));
    }

    private AgentPool LeftOver(Tenant tenant, Moment now)
    {
        if (_leftOver.TryGetValue(tenant.AgentId, out var known) && now.Clock - known.At < OfferMemory) return known.Agent;

        // A full agent makes no offers: what is known of it is what its instances know.
        var instance = _appOf[tenant.TaskId].Instances[tenant.TaskId];
        return new AgentPool
        {
            AgentId = instance.AgentId,
            Host = instance.Host,
            Region = instance.Region,
            Zone = instance.Zone,
            Attributes = instance.Attributes,
            Roles = [new RoleResources { Role = "*" }],
        };
    }
}
