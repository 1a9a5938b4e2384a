using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Runtime;
using LifecycleManager.Runtime.Following;
using LifecycleManager.Security;
using LifecycleManager.Security.Joining;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace LifecycleManager.Cli.Commands;

/// <summary>The options that every role's command has: where it listens, where it keeps what it knows.</summary>
internal sealed class RoleSettings
{
    private readonly string _role;
    private readonly Option<IPAddress> _bind;
    private readonly Option<int> _port;
    private readonly Option<string> _workDirectory;
    private readonly Option<Uri?> _advertise;
    private readonly Option<string?> _certificate;
    private readonly Option<string?> _key;
    private readonly Option<string?> _clientAuthorities;
    private readonly Option<FollowedFiles<X509Certificate2Collection>?> _authorities;
    private readonly Option<int> _maxConnections;
    private readonly Option<IReadOnlyList<string>> _allowedHosts;
    private readonly Option<bool> _insecure;
    private readonly Option<bool> _strict;
    private readonly Option<string?> _audit;
    private readonly IConfigurationSection? _kestrel;

    public RoleSettings(Command command, Settings settings, string role, int port)
    {
        _role = role;
        _bind = Bind(settings);
        _port = Setting.Of(settings, "--port", "The port to listen on", Values.Port, () => port, $"{port}");
        _workDirectory = WorkDirectory(settings);
        _advertise = Setting.Of<Uri?>(settings, "--advertise", "The address at which others reach this process",
            Values.Url, () => null, "http://BIND:PORT, https with TLS; this machine's name where it listens on all addresses");
        _certificate = Setting.Of<string?>(settings, "--tls-certificate",
            "A PEM file of the certificate (and its chain) to serve with, and to show a role that asks for one",
            Values.ReadableFile, () => null, "no TLS");
        _key = Setting.Of<string?>(settings, "--tls-key", "A PEM file of its key", Values.ReadableFile, () => null,
            "in the certificate's file");
        _clientAuthorities = Setting.Of<string?>(settings, "--tls-client-ca",
            "A PEM file of the authorities whose clients' certificates are taken; a must, unless --credentials has secrets too",
            Values.ReadableFile, () => null, "no certificate is asked for");
        _authorities = CallerSettings.AuthoritiesOption(settings);
        _maxConnections = Setting.Of(settings, "--max-connections", "Connections open at once; further ones are closed",
            Values.Count(1, 1_000_000), () => 20_000, "20000");
        _allowedHosts = AllowedHosts(settings);
        _insecure = Insecure(settings);
        _strict = Setting.Flag(settings, "--hsts",
            "Tell browsers to speak TLS alone, for a year, to this name: to all of its ports, other programs' too");
        _audit = AuditFile(settings);
        Join = new JoinSettings(command, settings, JoinRoles.Parse(role));
        _kestrel = settings.Section("Kestrel");
        foreach (Option option in (
            Option[])[_bind, _port, _advertise, _workDirectory, _certificate, _key, _clientAuthorities, _authorities,
            _maxConnections, _allowedHosts, _insecure, _strict, _audit])
            command.Add(option);
    }

    /// <summary>How it is a member of a cluster.</summary>
    public JoinSettings Join { get; }

    /// <summary>Where changes are recorded beside the log.</summary>
    public static Option<string?> AuditFile(Settings settings) => Setting.Of<string?>(settings, "--audit-file",
        "A file that gets a line of JSON for each change that somebody makes: who, what, when, from where",
        Path.GetFullPath, () => null, "the log alone");

    /// <summary>The addresses to listen on, by default this machine's alone.</summary>
    public static Option<IPAddress> Bind(Settings settings) => Setting.Of(settings, "--bind",
        "The address to listen on; 0.0.0.0 serves other machines", Values.Address, () => IPAddress.Loopback, "127.0.0.1");

    /// <summary>Whether other machines may be served where nobody is asked who he is.</summary>
    public static Option<bool> Insecure(Settings settings) => Setting.Flag(settings, OpenListener.Option,
        "Serve other machines (--bind) though nobody is asked who he is: whoever reaches it may do everything");

    /// <summary>By which names a role may be called, beyond the machine's own.</summary>
    public static Option<IReadOnlyList<string>> AllowedHosts(Settings settings) => Setting.Of(settings, "--allowed-hosts",
        "Names, comma separated, by which it may be called besides addresses, localhost and this machine's own names: lcm.example.com, "
        + "*.example.com, or * for every one. With --credentials every name may", Values.HostNames, () => [], "none");

    /// <summary>The directory that everything durable is kept in.</summary>
    public static Option<string> WorkDirectory(Settings settings) => Setting.Of(settings, "--work-dir",
        "The directory of all that is kept", Path.GetFullPath, () => Path.GetFullPath(".lcm"), ".lcm");

    /// <summary>Whether its certificate is said, and so not the cluster's.</summary>
    public bool HasCertificate(ParseResult parse) => parse.GetValue(_certificate) is not null || Endpoint() is not null;

    /// <summary>The hosts by which it is said to be called.</summary>
    public IReadOnlyList<string> Names(ParseResult parse)
    {
        var bind = parse.GetValue(_bind)!;
        var isOne = !bind.Equals(IPAddress.Any) && !bind.Equals(IPAddress.IPv6Any) && !IPAddress.IsLoopback(bind);
        return [.. Known(parse.GetValue(_advertise)?.Host), .. isOne ? [bind.ToString()] : (string[])[]];
    }

    public IPEndPoint Listen(ParseResult parse)
    {
        if (Endpoint() is { } endpoint) return endpoint.Listen;
        var bind = parse.GetValue(_bind)!;
        return new IPEndPoint(bind, PortOrFree(bind, parse.GetValue(_port)));
    }

    public Uri Advertise(ParseResult parse, IPEndPoint listen) => parse.GetValue(_advertise) ?? Own(parse, listen);

    /// <summary>
    /// Where others reach this process that has a name of its own: by that name where it listens on all addresses, or with TLS,
    /// since its certificate is made out for it.
    /// </summary>
    public Uri Advertise(ParseResult parse, IPEndPoint listen, string? name)
    {
        var own = Advertise(parse, listen);
        var isNamed = own.Scheme == Uri.UriSchemeHttps || listen.Address.Equals(IPAddress.Any)
            || listen.Address.Equals(IPAddress.IPv6Any);
        return name is null || !isNamed || parse.GetValue(_advertise) is not null ? own : new UriBuilder(own) { Host = name }.Uri;
    }

    /// <summary>Where this process reaches itself.</summary>
    public Uri Own(ParseResult parse, IPEndPoint listen)
    {
        var isTls = parse.GetValue(_certificate) is not null || Join.Identity is not null;
        var scheme = Endpoint()?.Scheme ?? (isTls ? Uri.UriSchemeHttps : Uri.UriSchemeHttp);

        // A certificate is of a name, and that is what others know.
        return scheme == Uri.UriSchemeHttps && parse.GetValue(_advertise) is { } advertised ? advertised
            : new UriBuilder(AddressOf(listen)) { Scheme = scheme }.Uri;
    }

    /// <summary>The role with its TLS and its bounds.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="role">The role.</param>
    /// <param name="tls">Its TLS, from <see cref="Tls"/>.</param>
    /// <param name="principals">Who may call.</param>
    /// <param name="credential">Who it is to others; null for nobody.</param>
    /// <param name="own">A name that it is known by itself, or null.</param>
    /// <exception cref="CliException">Other machines reach it, nobody is asked who he is, and that was not asked for.</exception>
    public Role Secure(
        ParseResult parse, Role role, FollowedFiles<ServerTls>? tls, Principals principals, Credential? credential = null,
        string? own = null)
    {
        // A certificate that clients must show is an answer to who calls, too.
        var asks = principals.AreRequired || tls?.Current is { ClientAuthorities: not null, ClientsMust: true };
        var endpoints = Endpoints().Select(endpoint => endpoint.Listen).ToList();
        if (parse.GetValue(_strict) && tls is null && Endpoint()?.Scheme != Uri.UriSchemeHttps)
            throw new CliException("--hsts is for a role with TLS: --tls-certificate gives it one");
        return Join.Kept(role) with
        {
            Tls = tls,
            Followed = [principals.File, credential?.File, parse.GetValue(_authorities)],
            IsStrict = parse.GetValue(_strict),
            Hosts = asks ? null : new AllowedHosts(
                [.. parse.GetValue(_allowedHosts)!, .. Known(parse.GetValue(_advertise)?.Host), .. Known(own)]),
            Warnings = OpenListener.Check(
                (endpoints.Count > 0 ? endpoints : role.Listen).Select(listen => listen.Address), asks,
                parse.GetValue(_insecure)),
            Kestrel = _kestrel,
            MaxConnections = parse.GetValue(_maxConnections),
            AuditFile = parse.GetValue(_audit),
        };
    }

    private static IEnumerable<string> Known(string? name) => name is null ? [] : [name.Trim('[', ']')];

    /// <summary>What is stated of TLS, or null.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="hasPrincipals">Whether callers may also say who they are by a secret.</param>
    /// <exception cref="CliException">It is incomplete or cannot be read.</exception>
    public FollowedFiles<ServerTls>? Tls(ParseResult parse, bool hasPrincipals)
    {
        var (key, authorities) = (parse.GetValue(_key), parse.GetValue(_clientAuthorities));
        if (Join.Identity is { } identity)
        {
            return ServerTls.Follow(
                identity.Certificate, null, authorities ?? identity.Authority, !hasPrincipals, identity.Revoked);
        }

        if (parse.GetValue(_certificate) is not { } certificate)
            return key is null && authorities is null ? null
            : throw new CliException("--tls-key and --tls-client-ca need a --tls-certificate");
        if (Endpoint() is not null)
            throw new CliException("either --tls-certificate or Kestrel:Endpoints of appsettings.json says how to listen");
        return ServerTls.Follow(certificate, key, authorities, clientsMust: !hasPrincipals);
    }

    /// <summary>What it shows other roles that ask for a certificate, and whom it takes for one; null for the usual.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="tls">Its TLS, from <see cref="Tls"/>.</param>
    public ClientTls? Client(ParseResult parse, FollowedFiles<ServerTls>? tls)
    {
        // The cluster's own authority stays what it was known by when it was joined.
        var authorities = parse.GetValue(_authorities);
        var own = authorities is null && Join.Identity is { } identity ? CallerSettings.ReadAuthorities(identity.Authority)
            : authorities;
        return tls is null && own is null ? null
            : new ClientTls(() => tls?.Current.ForClient, () => own?.Current,
                certificate => tls?.Current.Revoked.Contains(certificate.SerialNumber) == true);
    }

    /// <summary>The first of Kestrel's own endpoints, where the settings have any.</summary>
    private (IPEndPoint Listen, string Scheme)? Endpoint() => Endpoints().Select(endpoint => ((IPEndPoint, string)?)endpoint)
        .FirstOrDefault();

    private IEnumerable<(IPEndPoint Listen, string Scheme)> Endpoints() =>
        _kestrel?.GetSection("Endpoints").GetChildren().Select(Read) ?? [];

    private static (IPEndPoint Listen, string Scheme) Read(IConfigurationSection endpoint)
    {
        var at = $"appsettings.json {endpoint.Path}:Url";
        if (endpoint["Url"] is not { Length: > 0 } url) throw new CliException($"{at} is missing");
        try
        {
            var parsed = BindingAddress.Parse(url);
            var address = parsed.Host is "localhost" ? IPAddress.Loopback
                : IPAddress.TryParse(parsed.Host.Trim('[', ']'), out var ip) ? ip : IPAddress.Any;
            if (parsed.Port == 0) throw new CliException($"{at} {url}: others must know the port");
            return (new IPEndPoint(address, parsed.Port), parsed.Scheme);
        }
        catch (FormatException e)
        {
            throw new CliException($"{at} {url}: {e.Message}", e);
        }
    }

    /// <summary>This role's own directory, made when missing.</summary>
    public string Directory(ParseResult parse) => RoleDirectory(parse.GetValue(_workDirectory)!, _role);

    public static string RoleDirectory(string workDirectory, string role)
    {
        var path = Path.Combine(workDirectory, role);
        MakePrivate(path);
        return path;
    }

    /// <summary>Makes a directory, for its owner alone, unless it is there.</summary>
    public static void MakePrivate(string path)
    {
        try
        {
            // State names agents, apps and their environments: nobody else's business on a shared machine.
            if (OperatingSystem.IsWindows()) System.IO.Directory.CreateDirectory(path);
            else System.IO.Directory.CreateDirectory(path,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"the work directory {path} cannot be made: {e.Message}", e);
        }
    }

    /// <summary>The address by which a listener is reached.</summary>
    public static Uri AddressOf(IPEndPoint listen)
    {
        var any = listen.Address.Equals(IPAddress.Any) || listen.Address.Equals(IPAddress.IPv6Any);
        var host = any ? Dns.GetHostName()
            : listen.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{listen.Address}]" : listen.Address.ToString();
        return new Uri($"http://{host}:{listen.Port}");
    }

    /// <summary>The address by which a role is reached.</summary>
    public static Uri AddressOf(Role role)
    {
        var isTls = role.Tls is not null
            || role.Kestrel?.GetSection("Endpoints").GetChildren()
            .FirstOrDefault()?["Url"]?.StartsWith("https:", StringComparison.OrdinalIgnoreCase) == true;
        return new UriBuilder(AddressOf(role.Listen[0])) { Scheme = isTls ? Uri.UriSchemeHttps : Uri.UriSchemeHttp }.Uri;
    }

    /// <summary>A role publishes its address before it listens, so that port 0 must be settled first.</summary>
    public static int PortOrFree(IPAddress bind, int port)
    {
        if (port != 0) return port;
        using var listener = new TcpListener(bind, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
