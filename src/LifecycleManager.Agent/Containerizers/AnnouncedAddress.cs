using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace LifecycleManager.Agent.Containerizers;

/// <summary>The address that a task on the machine's own network is said to have.</summary>
internal sealed class AnnouncedAddress
{
    private readonly Lazy<string> _address;

    /// <param name="options">The agent; asked, and the machine too, when the first address is needed.</param>
    public AnnouncedAddress(AgentOptions options) => _address = new Lazy<string>(() => Of(options));

    /// <inheritdoc/>
    public override string ToString() => _address.Value;

    /// <summary>
    /// The tasks' own address where there is one. Where they listen on all, one that others reach: that of the agent's host
    /// name, else of an interface; the loopback address only where the machine has no other.
    /// </summary>
    public static string Of(AgentOptions options)
    {
        if (!options.TaskAddress.Equals(IPAddress.Any) && !options.TaskAddress.Equals(IPAddress.IPv6Any))
            return options.TaskAddress.ToString();
        var found = Named(options.Hostname).Concat(Interfaces()).FirstOrDefault(address => !IPAddress.IsLoopback(address));
        return (found ?? IPAddress.Loopback).ToString();
    }

    private static IPAddress[] Named(string name)
    {
        if (IPAddress.TryParse(name, out var address)) return [address];
        try
        {
            return [.. Dns.GetHostAddresses(name).OrderBy(found => found.AddressFamily != AddressFamily.InterNetwork)];
        }
        catch (SocketException)
        {
            // A name that only others know.
            return [];
        }
    }

    private static IEnumerable<IPAddress> Interfaces() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(network => network.OperationalStatus == OperationalStatus.Up)
        .Select(network => network.GetIPProperties())
        // Those with a way out first: bridges of containers have none.
        .OrderByDescending(properties => properties.GatewayAddresses.Count)
        .SelectMany(properties => properties.UnicastAddresses)
        .Select(unicast => unicast.Address)
        .Where(address => address.AddressFamily == AddressFamily.InterNetwork);
}
