using System.Net;
using LifecycleManager.Agent.Linux;

namespace LifecycleManager.Agent;

/// <summary>As whom an agent can run tasks.</summary>
public static class TaskUsers
{
    /// <summary>Takes a user as whom this process can run tasks.</summary>
    /// <returns>The name.</returns>
    /// <exception cref="FormatException">It cannot; the message says why.</exception>
    public static string Check(string name)
    {
        if (name == Environment.UserName) return name;
        if (!Environment.IsPrivilegedProcess)
            throw new FormatException($"only an agent of root can run tasks as others, and this one is {Environment.UserName}'s");
        try
        {
            return UserAccount.Find(name).Name;
        }
        catch (IOException e)
        {
            throw new FormatException(e.Message, e);
        }
    }

    /// <summary>
    /// As whom tasks run where nothing is said; null for the agent's own user. Who runs agent and master on this machine's
    /// loopback addresses runs his own tasks; where others reach them, root's agent runs tasks as <c>nobody</c>.
    /// </summary>
    /// <param name="listen">Where the agent listens.</param>
    /// <param name="masters">Where its tasks come from.</param>
    public static string? Default(IPAddress listen, IReadOnlyList<Uri> masters) =>
        !Environment.IsPrivilegedProcess || (IPAddress.IsLoopback(listen) && masters.All(IsOfThisMachine))
            ? null : "nobody";

    /// <summary>
    /// Whether tasks that come from a master are of this machine's own: what a ZooKeeper names may be anywhere, wherever it is
    /// itself.
    /// </summary>
    public static bool IsOfThisMachine(Uri master)
    {
        ArgumentNullException.ThrowIfNull(master);
        return master is { IsLoopback: true, Scheme: "http" or "https" };
    }
}
