using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Storage;

namespace LifecycleManager.Master.Registry;

/// <summary>What the registry has when a term begins.</summary>
internal sealed record RegistryRecords(
    IReadOnlyList<AgentEntry> Agents, IReadOnlyList<FrameworkEntry> Frameworks, RolesEntry? Roles, MaintenanceSchedule? Schedule);

/// <summary>Reads the registry.</summary>
internal static class RegistryReader
{
    public static async Task<RegistryRecords> ReadAsync(IStateStore store, CancellationToken cancellation)
    {
        var agents = new List<AgentEntry>();
        await foreach (var entry in store.ListAsync(RegistryKeys.Agents, cancellation)) agents.Add(Read(entry, RegistryJson.Default.AgentEntry));
        var frameworks = new List<FrameworkEntry>();
        await foreach (var entry in store.ListAsync(RegistryKeys.Frameworks, cancellation))
            frameworks.Add(Read(entry, RegistryJson.Default.FrameworkEntry));
        var roles = await store.GetAsync(RegistryKeys.Roles, cancellation) is { } stored ? Read(stored, RegistryJson.Default.RolesEntry) : null;
        var schedule = await store.GetAsync(RegistryKeys.Maintenance, cancellation) is { } planned
            ? Read(planned, RegistryJson.Default.MaintenanceSchedule) : null;
        return new RegistryRecords(agents, frameworks, roles, schedule);
    }

    private static T Read<T>(StateEntry entry, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(entry.Value.Span, type) ?? throw new JsonException("null");
        }
        catch (JsonException problem)
        {
            throw new StateFormatException($"'{entry.Key}' cannot be read: {problem.Message}", problem);
        }
    }
}
