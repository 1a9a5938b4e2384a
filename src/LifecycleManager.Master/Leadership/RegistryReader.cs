using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Resources;
using LifecycleManager.Storage;

namespace LifecycleManager.Master.Leadership;

/// <summary>What the registry has when a term begins.</summary>
/// <param name="Agents">The agents; of one whose record cannot be read nothing but its id is known.</param>
/// <param name="Frameworks">The frameworks.</param>
/// <param name="Roles">Weights and quotas.</param>
/// <param name="Schedule">The maintenance schedule.</param>
/// <param name="SetAside">The records that cannot be read.</param>
/// <param name="Size">How long they are.</param>
internal sealed record RegistryRecords(
    IReadOnlyList<AgentEntry> Agents, IReadOnlyList<FrameworkEntry> Frameworks, RolesEntry? Roles, MaintenanceSchedule? Schedule,
    SetAsideRecords SetAside, RegistrySize Size);

/// <summary>Reads the registry. A record that cannot be read is set aside: the master leads without it.</summary>
internal static class RegistryReader
{
    public static async Task<RegistryRecords> ReadAsync(IStateStore store, CancellationToken cancellation)
    {
        var aside = new SetAsideRecords();
        var size = new RegistrySize();
        var agents = new List<AgentEntry>();
        await foreach (var entry in store.ListAsync(RegistryKeys.Agents, cancellation))
        {
            var id = entry.Key[RegistryKeys.Agents.Length..];
            var agent = Read(entry, StrictJson.Registry.AgentEntry, agent => Problem(agent, id), aside, size);
            if (agent is null && Ids.Problem(id) is null) agent = AgentEntry.Unreadable(new(id));
            if (agent is not null) agents.Add(agent);
        }

        var frameworks = new List<FrameworkEntry>();
        await foreach (var entry in store.ListAsync(RegistryKeys.Frameworks, cancellation))
        {
            var id = entry.Key[RegistryKeys.Frameworks.Length..];
            if (Read(entry, StrictJson.Registry.FrameworkEntry, framework => Problem(framework, id), aside, size)
                is { } framework)
                frameworks.Add(framework);
        }

        return new RegistryRecords(
            agents, frameworks,
            Read(await store.GetAsync(RegistryKeys.Roles, cancellation), StrictJson.Registry.RolesEntry, Problem, aside, size),
            Read(await store.GetAsync(RegistryKeys.Maintenance, cancellation), StrictJson.Registry.MaintenanceSchedule,
                MaintenanceWindows.Problem, aside, size),
            aside, size);
    }

    private static T? Read<T>(StateEntry? entry, JsonTypeInfo<T> type, Func<T, string?> check, SetAsideRecords aside,
        RegistrySize size)
        where T : class
    {
        if (entry is null) return null;
        size.Put(entry.Key, entry.Value.Length);
        try
        {
            if (StrictJson.HasNullItem(entry.Value.Span)) throw new JsonException("a list holds null");
            var record = JsonSerializer.Deserialize(entry.Value.Span, type) ?? throw new JsonException("it is null");
            if (check(record) is { } problem) throw new JsonException(problem);
            return record;
        }
        catch (Exception e)
        {
            // Whatever a damaged record makes the check do, it is the record that is at fault.
            aside.Add(entry, e.Message);
            return null;
        }
    }

    private static string? Problem(AgentEntry entry, string id)
    {
        if (entry.Info.Id?.Value != id) return $"it is of the agent '{entry.Info.Id?.Value}'";
        ResourceWire.Parse(entry.Info.Resources);
        ResourceWire.Parse(entry.Reserved);
        return Ids.Problem(id) ?? (entry.Info.Hostname.Length == 0 ? "it has no host name" : null);
    }

    private static string? Problem(FrameworkEntry entry, string id) =>
        entry.Info.Id?.Value != id ? $"it is of the framework '{entry.Info.Id?.Value}'" : Ids.Problem(id)
        ?? FrameworkInfos.Problem(entry.Info);

    private static string? Problem(RolesEntry entry) =>
        entry.Weights.Select(weight => RoleValidation.WeightProblem(weight.Key, weight.Value))
            .Concat(entry.Quotas.Select(RoleValidation.QuotaProblem)).FirstOrDefault(problem => problem is not null);
}
