using System.CommandLine;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Runtime;
using LifecycleManager.Runtime.Following;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Security;
using LifecycleManager.Security.Joining;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Cli.Commands;

/// <summary>A token, and where it is taken.</summary>
/// <param name="Token">The token.</param>
/// <param name="Masters">The masters.</param>
internal sealed record JoinTicket(JoinToken Token, IReadOnlyList<Uri> Masters)
{
    /// <summary>Reads <c>TOKEN@HOST:PORT,HOST:PORT</c>.</summary>
    /// <exception cref="FormatException">It is not that; the message does not repeat it.</exception>
    public static JoinTicket Parse(string text)
    {
        if (text.Split('@') is not [var token, { Length: > 0 } hosts])
            throw new FormatException("TOKEN@HOST:PORT is needed, with the token that 'lcm token create' prints");
        return new JoinTicket(JoinToken.Parse(token), [.. Values.Words(hosts).Select(Master)]);
    }

    private static Uri Master(string host) =>
        Uri.TryCreate(host.Contains("://", StringComparison.Ordinal) ? host : "https://" + host, UriKind.Absolute, out var url)
            && url is { Scheme: "https", UserInfo: "", AbsolutePath: "/", Query: "" }
            ? url.IsDefaultPort && !host.EndsWith(":443", StringComparison.Ordinal)
                ? new UriBuilder(url) { Port = MasterCommand.Port }.Uri : url
            : throw new FormatException($"'{host}' is no master's HOST:PORT");
}

/// <summary>
/// How a role becomes a member of a cluster: by a token at its first start, from then on by what it keeps in its directory; a
/// master with the authority by that.
/// </summary>
internal sealed class JoinSettings
{
    private const int MaxAddresses = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly JoinRole _role;
    private readonly Option<JoinTicket?> _join;
    private readonly Option<string?>? _authority;
    private Membership? _membership;

    public JoinSettings(Command command, Settings settings, JoinRole role)
    {
        _role = role;
        _join = Setting.Of<JoinTicket?>(settings, "--join",
            "Join a cluster: TOKEN@HOST:PORT of the master with the authority. The certificate is kept in the work directory, "
            + "and renewed; later starts need no token", JoinTicket.Parse, () => null, secret: true);
        command.Add(_join);
        if (role != JoinRole.Master) return;
        _authority = Setting.Of<string?>(settings, "--ca-dir",
            "The directory of the cluster's authority ('lcm ca init'): its certificate comes from it, and others join it",
            Path.GetFullPath, () => null, "none");
        command.Add(_authority);
    }

    /// <summary>The files of the role's identity; null where it is a member of no cluster.</summary>
    public ClusterIdentity? Identity => _membership?.Identity;

    /// <summary>The masters that were joined; empty for none.</summary>
    public IReadOnlyList<Uri> Masters => _membership?.Masters ?? [];

    /// <summary>The authority, where this process has it.</summary>
    public ClusterAuthority? Authority => _membership?.Authority;

    /// <summary>Joins, where that is asked for and not done yet. Before anything of the role is made.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="common">The options that all roles have.</param>
    /// <param name="hostname">A name that it is known by itself, or null.</param>
    /// <param name="log">Told what comes of it.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="CliException">It cannot; in one line.</exception>
    public async Task PrepareAsync(
        ParseResult parse, RoleSettings common, string? hostname, ILogger log, CancellationToken cancellation)
    {
        var directory = Path.Combine(common.Directory(parse), "identity");
        var identity = new ClusterIdentity(directory);
        var (ticket, authority) = (parse.GetValue(_join), _authority is null ? null : parse.GetValue(_authority));
        if (ticket is null && authority is null && !identity.IsThere) return;
        if (common.HasCertificate(parse))
        {
            if (ticket is null && authority is null) return;
            throw new CliException(
                $"{(ticket is null ? "--ca-dir" : "--join")} makes the role's certificate: leave --tls-certificate out");
        }

        if (ticket is not null && authority is not null)
            throw new CliException(
                "--ca-dir is the authority of a cluster, --join asks another for a certificate: either of them");
        try
        {
            IReadOnlyList<string> stated = [.. hostname is null ? [] : (string[])[hostname], .. common.Names(parse)];
            if (authority is not null)
            {
                var (own, all) = Names(stated, OwnAddresses());
                var opened = ClusterAuthority.Open(authority, TimeProvider.System);
                if (!IsMember(identity, opened)) Issue(identity, opened, own, all);
                _membership = new Membership(identity, [], own, all, opened);
                return;
            }

            var (name, hosts) = Names(stated, AddressTo(ticket?.Masters ?? identity.Cluster.Masters));

            // The option may stand in a service's file for ever; another token means to join anew.
            if (ticket is not null && (!IsValid(identity) || identity.Cluster.Token != ticket.Token.Id))
                await JoinAsync(identity, ticket, name, hosts, log, cancellation);
            _membership = new Membership(identity, identity.Cluster.Masters, name, hosts, null);
        }
        catch (Exception e) when (e is JoinException or FormatException or IOException or UnauthorizedAccessException)
        {
            throw new CliException(
                $"{(authority is not null ? "--ca-dir" : ticket is not null ? "--join" : directory)}: {e.Message}", e);
        }
    }

    /// <summary>Who may call the role: those that are stated, else those of the cluster that it has joined.</summary>
    /// <exception cref="CliException">The cluster's cannot be read.</exception>
    public Principals Principals(Principals stated)
    {
        if (stated.AreRequired || Identity is not { } identity) return stated;
        try
        {
            return Security.Principals.OfFile(identity.Credentials);
        }
        catch (FormatException e)
        {
            throw new CliException($"{identity.Credentials}: {e.Message}", e);
        }
    }

    /// <summary>The role with what keeps it a member.</summary>
    public Role Kept(Role role)
    {
        if (_membership is not { } member) return role;
        IIdentitySource source = member.Authority is { } authority ? new OwnAuthority(authority)
            : new JoinClient(member.Identity, _role);
        return role with
        {
            Add = services =>
            {
                role.Add(services);
                services.AddHostedService(provider => new IdentityRenewal(
                    member.Identity, source, member.Name, member.Hosts, provider.GetRequiredService<RoleHealth>(),
                    provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<IdentityRenewal>>()));
            },
        };
    }

    private async Task JoinAsync(
        ClusterIdentity identity, JoinTicket ticket, string name, IReadOnlyList<string> hosts, ILogger log,
        CancellationToken cancellation)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = SigningRequests.Create(name, hosts, key);
        var answer = await AskAsync(() =>
            JoinClient.JoinAsync(ticket.Token, _role, ticket.Masters, request, TimeProvider.System, cancellation), log,
                cancellation);
        identity.Keep(answer, key, new JoinedCluster(ticket.Masters, ticket.Token.Id));
        using var certificate = identity.Read();
        log.LogInformation("It has joined as {Certificate}", ServerTls.Describe(certificate));
    }

    /// <summary>Machines that are started together come up in any order: a master that is not there yet is waited for.</summary>
    private static async Task<JoinAnswer> AskAsync(
        Func<Task<JoinAnswer>> ask, ILogger log, CancellationToken cancellation)
    {
        var begin = TimeProvider.System.GetTimestamp();
        for (var isFirst = true; ; isFirst = false)
        {
            try
            {
                return await ask();
            }
            catch (JoinException e) when (e.IsAway && TimeProvider.System.GetElapsedTime(begin) < Patience)
            {
                if (isFirst) log.LogInformation("{Reason}; it is asked again for a minute", e.Message);
                await Task.Delay(Pause, cancellation);
            }
        }
    }

    private static void Issue(ClusterIdentity identity, ClusterAuthority authority, string name, IReadOnlyList<string> hosts)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        identity.Keep(authority.Issue(SigningRequests.Create(name, hosts, key), JoinRole.Master, null, isKnown: true), key,
            new JoinedCluster([], null));
    }

    private static bool IsValid(ClusterIdentity identity)
    {
        if (!identity.IsThere) return false;
        using var certificate = identity.Read();
        return certificate.NotAfter > DateTime.Now;
    }

    private static bool IsMember(ClusterIdentity identity, ClusterAuthority authority)
    {
        if (!IsValid(identity) || identity.Cluster.Masters.Count > 0) return false;
        using var certificate = identity.Read();
        using var own = X509CertificateLoader.LoadCertificateFromFile(identity.Authority);
        return ClusterAuthority.DigestOf(own) == authority.Digest && authority.Counts(certificate);
    }

    /// <summary>
    /// The name that a process has in its cluster, and all by which it is called: what is said, else the machine's name, and the
    /// address that leads to the masters. Other addresses may be those of other machines, too, as a container engine's bridge is.
    /// </summary>
    private static (string Name, IReadOnlyList<string> Hosts) Names(IReadOnlyList<string> stated, IEnumerable<string> addresses)
    {
        IReadOnlyList<string> names = stated.Count > 0 ? stated : [Dns.GetHostName()];
        var name = names.FirstOrDefault(host => !IPAddress.TryParse(host, out _)) ?? names[0];
        return (name.Replace(':', '-'), [.. names.Concat(addresses).Concat(["localhost", "127.0.0.1"]).Distinct()]);
    }

    private static IEnumerable<string> OwnAddresses() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(one => one.OperationalStatus == OperationalStatus.Up)
        .SelectMany(one => one.GetIPProperties().UnicastAddresses).Select(one => one.Address)
        .Where(address => !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal)
        .Select(address => address.ToString()).Take(MaxAddresses);

    /// <summary>The address of this machine by which it reaches another; nothing is sent.</summary>
    private static IEnumerable<string> AddressTo(IReadOnlyList<Uri> masters)
    {
        if (masters.Count == 0) return [];
        try
        {
            using var socket = new Socket(SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(masters[0].IdnHost, masters[0].Port);
            var address = ((IPEndPoint)socket.LocalEndPoint!).Address;
            return [(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString()];
        }
        catch (SocketException)
        {
            // Who cannot be reached says so when it is asked.
            return [];
        }
    }

    private sealed record Membership(
        ClusterIdentity Identity, IReadOnlyList<Uri> Masters, string Name, IReadOnlyList<string> Hosts,
        ClusterAuthority? Authority);
}
