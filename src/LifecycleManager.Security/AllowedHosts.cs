using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Security;

/// <summary>
/// The hosts by which a listener may be called that asks nobody who he is: addresses, <c>localhost</c> and names below it, this
/// machine's names, and what else is stated. A name of somebody else's choice, which is what a rebound page has, is none of them.
/// </summary>
public sealed class AllowedHosts
{
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> _suffixes = [];
    private readonly bool _any;

    /// <summary>This machine's own names, and some more.</summary>
    /// <param name="more">Names, <c>*.example.com</c> for all names below one, or <c>*</c> for every host.</param>
    /// <exception cref="FormatException">One is none of these.</exception>
    public AllowedHosts(params IEnumerable<string> more)
    {
        ArgumentNullException.ThrowIfNull(more);
        _names.UnionWith(MachineNames());
        foreach (var name in more)
        {
            Check(name);
            if (name == "*") _any = true;
            else if (name.StartsWith("*.", StringComparison.Ordinal)) _suffixes.Add(Bare(name[1..]));
            else _names.Add(Bare(name));
        }
    }

    /// <summary>Refuses what cannot be a host name.</summary>
    /// <exception cref="FormatException">It is not a host name.</exception>
    public static void Check(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var bare = Bare(name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name);
        if (name == "*" || Uri.CheckHostName(bare) is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6) return;
        throw new FormatException(
            $"'{name}' is not a host name: a name such as lcm.example.com, *.example.com or * is needed, "
            + "without scheme and port");
    }

    /// <summary>Whether a call to this host may go on. A call that names none comes from no browser.</summary>
    public bool Allow(HostString host)
    {
        if (_any || !host.HasValue) return true;
        var name = Bare(host.Host);
        return IsAddress(name)
            || name.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
            || _names.Contains(name)
            || _suffixes.Exists(suffix => name.Length > suffix.Length
                && name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>
    /// An address as it is usually written: what else some read as one (2130706433, 0x7f.1), others look up as a name.
    /// </summary>
    private static bool IsAddress(string host) => IPAddress.TryParse(host.Trim('[', ']'), out var address)
        && (address.AddressFamily == AddressFamily.InterNetworkV6 ? host.StartsWith('[') : address.ToString() == host);

    private static IEnumerable<string> MachineNames()
    {
        var host = Dns.GetHostName();
        yield return Bare(host);
        if (IPGlobalProperties.GetIPGlobalProperties().DomainName is { Length: > 0 } domain)
            yield return $"{Bare(host)}.{Bare(domain)}";
    }

    /// <summary>A name may be written with the dot of the root.</summary>
    private static string Bare(string name) => name.EndsWith('.') ? name[..^1] : name;
}
