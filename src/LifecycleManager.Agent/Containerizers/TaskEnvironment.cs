using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Secrets;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Containerizers;

/// <summary>A task's environment: what its framework states, and where it is.</summary>
internal static class TaskEnvironment
{
    /// <summary>Marks every process of a container; see <see cref="Processes.ProcessTable"/>.</summary>
    public const string ContainerVariable = "MESOS_CONTAINER_ID";

    /// <summary>The stated variables, then the agent's own, which cannot be overridden.</summary>
    /// <param name="record">The task.</param>
    /// <param name="sandbox">The sandbox as the task sees it.</param>
    /// <param name="hostname">The agent's host name, <c>HOST</c> unless the framework says it.</param>
    /// <param name="resolve">Resolves a secret.</param>
    public static Dictionary<string, string> Of(TaskRecord record, string sandbox, string hostname, Func<Secret, string> resolve)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["HOST"] = hostname };
        foreach (var variable in record.Task.Command?.Environment?.Variables ?? [])
            environment[variable.Name] = variable.Secret is { } secret ? resolve(secret) : variable.Value ?? "";
        environment["MESOS_SANDBOX"] = sandbox;
        environment["MESOS_TASK_ID"] = record.TaskId.Value;
        environment["MESOS_FRAMEWORK_ID"] = record.FrameworkId.Value;
        environment["MESOS_AGENT_ID"] = environment["MESOS_SLAVE_ID"] = record.AgentId.Value;
        environment[ContainerVariable] = record.ContainerId;
        return environment;
    }

    /// <summary>Why the stated variables cannot be an environment; null when they can.</summary>
    public static string? WhyInvalid(CommandInfo? command)
    {
        foreach (var variable in command?.Environment?.Variables ?? [])
        {
            if (variable.Name.Length == 0 || variable.Name.AsSpan().ContainsAny('=', '\0'))
                return $"the environment variable '{variable.Name}' has a name that is none";
            if (variable.Value?.Contains('\0', StringComparison.Ordinal) == true)
                return $"the environment variable '{variable.Name}' has a NUL";
            if (variable.Secret is null && variable.Type is "SECRET")
                return $"the environment variable '{variable.Name}' lacks its secret";
            if (variable.Secret is { } secret && SecretStore.WhyInvalid(secret) is { } why)
                return $"the secret of the environment variable '{variable.Name}' {why}";
        }

        return null;
    }
}
