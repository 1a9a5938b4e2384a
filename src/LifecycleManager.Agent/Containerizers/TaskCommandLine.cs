using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Containerizers;

/// <summary>A command as program and arguments.</summary>
internal static class TaskCommandLine
{
    /// <summary>
    /// What to execute. A shell command is <c>/bin/sh -c LINE</c>. Else the value is the program and, as in Mesos, a first
    /// argument that repeats it is the program's own name, no argument; without a value the first argument is the program.
    /// </summary>
    /// <returns>Program and arguments, or null when the command says none.</returns>
    public static IReadOnlyList<string>? Of(CommandInfo? command)
    {
        if (command is null) return null;
        if (command.Shell ?? true) return command.Value is { } line ? ["/bin/sh", "-c", line] : null;
        var arguments = command.Arguments ?? [];
        if (command.Value is not { Length: > 0 } program) return arguments.Count > 0 ? arguments : null;
        var repeats = arguments.Count > 0 && (arguments[0] == program || arguments[0] == Path.GetFileName(program));
        return [program, .. repeats ? arguments.Skip(1) : arguments];
    }
}
