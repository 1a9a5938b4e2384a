namespace LifecycleManager.Agent.Linux;

/// <summary>An account of <c>/etc/passwd</c>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its number.</param>
/// <param name="Group">The number of its first group.</param>
/// <param name="Home">Its home directory, which need not be there.</param>
internal sealed record UserAccount(string Name, uint Id, uint Group, string Home)
{
    /// <summary>Finds one by its name.</summary>
    /// <exception cref="IOException">There is none.</exception>
    public static UserAccount Find(string name) => All().FirstOrDefault(account => account.Name == name)
        ?? throw new IOException($"the user '{name}' does not exist on this machine");

    /// <summary>A command as it is executed for this user, with his groups and nobody else's.</summary>
    public IReadOnlyList<string> Run(IReadOnlyList<string> command) =>
        ["setpriv", $"--reuid={Id}", $"--regid={Group}", "--init-groups", "--", .. command];

    private static IEnumerable<UserAccount> All()
    {
        foreach (var line in File.ReadLines("/etc/passwd"))
        {
            var fields = line.Split(':');
            if (fields.Length >= 6 && uint.TryParse(fields[2], out var id) && uint.TryParse(fields[3], out var group))
                yield return new UserAccount(fields[0], id, group, fields[5]);
        }
    }
}
