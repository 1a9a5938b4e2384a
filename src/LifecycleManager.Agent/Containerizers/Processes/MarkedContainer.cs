using System.Text;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Containerizers.Processes;

namespace LifecycleManager.Agent.Containerizers.Processes;

/// <summary>A container of processes as the machine shows it, whatever is written of it.</summary>
/// <param name="Id">The container's id.</param>
/// <param name="Home">The <see cref="AgentRecord.Home"/> of its agent; null of those that version 0.1.0 began.</param>
/// <param name="Variables">The environment of one of its processes.</param>
internal sealed record MarkedContainer(string Id, string? Home, IReadOnlyDictionary<string, string> Variables)
{
    /// <summary>Its supervisor, if that runs.</summary>
    public ProcessIdentity? Supervisor { get; private init; }

    /// <summary>The task by its supervisor's mark; null when none is whole.</summary>
    public TaskRecord? Record { get; private init; }

    /// <summary>Where its sandbox is.</summary>
    public string Sandbox => Variables.GetValueOrDefault("MESOS_SANDBOX", "");

    /// <summary>Looks at every process of the machine.</summary>
    /// <param name="bootId">
    /// The machine's present boot: a mark of another one means nothing, and what bears it is nobody's.
    /// </param>
    public static Dictionary<string, MarkedContainer> Scan(string? bootId)
    {
        var found = new Dictionary<string, MarkedContainer>(StringComparer.Ordinal);
        var foreign = new HashSet<string>(StringComparer.Ordinal);
        foreach (var process in ProcessTable.All())
        {
            if (!process.Alive || Of(process) is not { } container) continue;
            if (container.Record is { } record && record.BootId != bootId) foreign.Add(container.Id);
            if (container.Supervisor is not null || !found.ContainsKey(container.Id)) found[container.Id] = container;
        }

        foreach (var id in foreign) found.Remove(id);
        return found;
    }

    /// <summary>The environment with which a process was started; empty when it is not to be had.</summary>
    public static IReadOnlyDictionary<string, string> VariablesOf(int pid) => Parse(ProcessTable.Environment(pid));

    private static MarkedContainer? Of(ProcessStat process)
    {
        var pid = process.Identity.Pid;
        if (ProcessTable.Environment(pid) is not { Length: > 0 } bytes) return null;
        // Most processes are no task's.
        if (bytes.AsSpan().IndexOf("MESOS_CONTAINER_ID="u8) < 0) return null;
        var variables = Parse(bytes);
        var id = variables.GetValueOrDefault(TaskEnvironment.ContainerVariable, "");
        if (AgentDirectory.WhyNotId(id) is not null) return null;
        var container = new MarkedContainer(id, variables.GetValueOrDefault(TaskMark.HomeVariable), variables);
        // Its pid may have become another's since it was looked at.
        if (!TaskSupervisor.Is(process) || !ProcessTable.IsAlive(process.Identity)) return container;
        var record = TaskMark.Parse(variables.GetValueOrDefault(TaskMark.RecordVariable));
        return container with { Supervisor = process.Identity, Record = record?.ContainerId == id ? record : null };
    }

    private static Dictionary<string, string> Parse(byte[] environment)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var variable in Encoding.UTF8.GetString(environment).Split('\0'))
        {
            var equals = variable.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0) variables[variable[..equals]] = variable[(equals + 1)..];
        }

        return variables;
    }
}
