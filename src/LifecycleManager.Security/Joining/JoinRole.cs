namespace LifecycleManager.Security.Joining;

/// <summary>What a certificate of the cluster's authority is for. The numbers stand in tokens.</summary>
public enum JoinRole
{
    /// <summary>A master.</summary>
    Master = 1,

    /// <summary>An agent.</summary>
    Agent = 2,

    /// <summary>A scheduler.</summary>
    Scheduler = 3,

    /// <summary>A manager.</summary>
    Manager = 4,

    /// <summary>A person or a tool that may do everything; no server.</summary>
    Operator = 5,

    /// <summary>A person or a tool that may look at everything; no server.</summary>
    Viewer = 6,
}

/// <summary>What is known of each.</summary>
public static class JoinRoles
{
    /// <summary>Its word, as options and names of certificates have it.</summary>
    public static string Word(this JoinRole role) => role.ToString().ToLowerInvariant();

    /// <summary>Whether it is one of the cluster's processes, which others call, and which joins by a token.</summary>
    public static bool IsServer(this JoinRole role) => role is not (JoinRole.Operator or JoinRole.Viewer);

    /// <summary>Reads a word.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static JoinRole Parse(string word) =>
        Enum.GetValues<JoinRole>().FirstOrDefault(role => role.Word() == word) is var role
        && role != 0 ? role : throw new FormatException(
            $"{string.Join(", ", Enum.GetValues<JoinRole>().Select(Word))} are known");

    /// <summary>Reads the word of one that joins by a token.</summary>
    /// <exception cref="FormatException">It is none of these.</exception>
    public static JoinRole ParseServer(string word) => Parse(word) is var role && role.IsServer() ? role
        : throw new FormatException($"a token is for a process; 'lcm ca issue --role {word}' makes a certificate for a tool");
}
