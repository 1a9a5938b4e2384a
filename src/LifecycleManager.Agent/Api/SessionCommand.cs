using System.Text.Json.Nodes;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Api;

/// <summary>What a call asks to be run beside a task. What is not carried out is refused.</summary>
internal static class SessionCommand
{
    private static readonly string[] OfAContainer = ["volumes", "docker", "mesos", "network_infos", "linux_info", "rlimit_info"];
    private static readonly string[] OwnVariables = ["MESOS_", "LCM_"];

    /// <summary>Reads it.</summary>
    /// <param name="part">The call's object.</param>
    /// <param name="call">The same, as it was read.</param>
    /// <exception cref="FormatException">It is not as it should be.</exception>
    public static SessionStart Of(JsonObject part, LaunchSessionCall call)
    {
        if (part["container"] is JsonObject container && OfAContainer.FirstOrDefault(container.ContainsKey) is { } own)
            throw new FormatException($"container.{own}: a command beside a task has the task's container, and none of its own");
        var command = call.Command ?? throw new FormatException("command: is missing");
        if (command.User is not null) throw new FormatException("command.user: a command beside a task runs as the task's user");
        if (command.Uris is { Count: > 0 })
            throw new FormatException("command.uris: nothing is fetched for a command beside a task");
        if (TaskCommandLine.Of(command) is not { } line || line[0].Length == 0)
            throw new FormatException("command.value: is missing");
        if (line.Any(word => word.Contains('\0', StringComparison.Ordinal))) throw new FormatException("command: it has a NUL");
        if (TaskEnvironment.WhyInvalid(command) is { } why) throw new FormatException($"command: {why}");
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var variable in command.Environment?.Variables ?? [])
        {
            if (variable.Secret is not null)
                throw new FormatException($"command.environment: '{variable.Name}': secrets are for tasks");
            if (OwnVariables.Any(prefix => variable.Name.StartsWith(prefix, StringComparison.Ordinal)))
                throw new FormatException($"command.environment: '{variable.Name}' is the agent's own");
            environment[variable.Name] = variable.Value ?? "";
        }

        if (call.Container?.TtyInfo?.WindowSize is { } size && (size.Rows is < 1 or > ushort.MaxValue
            || size.Columns is < 1 or > ushort.MaxValue))
            throw new FormatException("container.tty_info.window_size: rows and columns from 1 to 65535 are needed");
        return new SessionStart("", line, environment, call.Container?.TtyInfo);
    }
}
