namespace LifecycleManager.Master.Cluster;

/// <summary>What ids may be, as Mesos has it.</summary>
internal static class Ids
{
    private const int Max = 255;

    /// <summary>What is wrong with an id, or null.</summary>
    public static string? Problem(string? id)
    {
        if (string.IsNullOrEmpty(id)) return "an id must not be empty";
        if (id.Length > Max) return $"an id must not be over {Max} characters";
        if (id is "." or "..") return $"'{id}' is disallowed";
        foreach (var c in id)
        {
            if (char.IsControl(c) || c is '/' or '\\' || char.IsSurrogate(c)) return $"'{id}' contains invalid characters";
        }

        return null;
    }
}
