using System.Net;

namespace LifecycleManager.Cli.Hosting;

/// <summary>
/// A listener that other machines reach where nobody is asked who he is: whoever reaches it may run what he likes, as the agent's
/// user. It is refused unless it is asked for by name.
/// </summary>
internal static class OpenListener
{
    /// <summary>What asks for it.</summary>
    public const string Option = "--insecure";

    /// <summary>What is to be warned of.</summary>
    /// <param name="listen">Where a role listens.</param>
    /// <param name="asks">Whether it asks who calls.</param>
    /// <param name="allowed">Whether it may be open all the same.</param>
    /// <param name="remedy">What would have it ask, for the error.</param>
    /// <exception cref="CliException">It would be open, and may not be.</exception>
    public static IReadOnlyList<string> Check(
        IEnumerable<IPAddress> listen, bool asks, bool allowed, string remedy = "--credentials or --tls-client-ca")
    {
        if (asks || listen.FirstOrDefault(address => !IPAddress.IsLoopback(address)) is not { } open) return [];
        return allowed
            ? [$"whoever reaches {open} may do everything: nobody is asked who he is ({Option})"]
            : throw new CliException($"{open} is to be reached by other machines, and whoever reaches it could do everything: "
                + $"say who may call by {remedy}, or {Option} to serve everybody");
    }
}
