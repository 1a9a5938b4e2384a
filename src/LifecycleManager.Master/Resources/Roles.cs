namespace LifecycleManager.Master.Resources;

/// <summary>What a role's name may be, as Mesos has it: segments divided by slashes.</summary>
public static class Roles
{
    /// <summary>The default role, of everybody.</summary>
    public const string Default = "*";

    /// <summary>What is wrong with a role's name, or null.</summary>
    public static string? Problem(string? role)
    {
        if (string.IsNullOrEmpty(role)) return "a role is empty";
        if (role.Length > ResourceWire.MaxName) return $"a role is over {ResourceWire.MaxName} characters";
        if (role == Default) return null;
        if (role.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || c == '\\'))
            return $"the role '{role}' holds whitespace or a backslash";
        foreach (var segment in role.Split('/'))
        {
            if (segment.Length == 0) return $"the role '{role}' starts or ends with a slash, or has two in a row";
            if (segment is "." or ".." or "*") return $"the role '{role}' has the segment '{segment}'";
            if (segment[0] == '-') return $"a segment of the role '{role}' starts with '-'";
        }

        return null;
    }
}
