using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Security;
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
    private readonly Option<int> _maxConnections;
    private readonly Option<IReadOnlyList<string>> _allowedHosts;
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
        _maxConnections = Setting.Of(settings, "--max-connections", "Connections open at once; further ones are closed",
            Values.Count(1, 1_000_000), () => 20_000, "20000");
        _allowedHosts = AllowedHosts(settings);
        _kestrel = settings.Section("Kestrel");
        foreach (Option option in (Option[])[_bind, _port, _advertise, _workDirectory, _certificate, _key, _clientAuthorities,
            _maxConnections, _allowedHosts])
            command.Add(option);
    }

    /// <summary>The addresses to listen on, by default this machine's alone.</summary>
    public static Option<IPAddress> Bind(Settings settings) => Setting.Of(settings, "--bind",
        "The address to listen on; 0.0.0.0 serves other machines", Values.Address, () => IPAddress.Loopback, "127.0.0.1");

    /// <summary>By which names a role may be called, beyond the machine's own.</summary>
    public static Option<IReadOnlyList<string>> AllowedHosts(Settings settings) => Setting.Of(settings, "--allowed-hosts",
        "Names, comma separated, by which it may be called besides addresses, localhost and this machine's own names: lcm.example.com, "
        + "*.example.com, or * for every one. With --credentials every name may", Values.HostNames, () => [], "none");

    /// <summary>The directory that everything durable is kept in.</summary>
    public static Option<string> WorkDirectory(Settings settings) => Setting.Of(settings, "--work-dir",
        "The directory of all that is kept", Path.GetFullPath, () => Path.GetFullPath(".lcm"), ".lcm");

    public IPEndPoint Listen(ParseResult parse)
    {
        if (Endpoint() is { } endpoint) return endpoint.Listen;
        var bind = parse.GetValue(_bind)!;
        return new IPEndPoint(bind, PortOrFree(bind, parse.GetValue(_port)));
    }

    public Uri Advertise(ParseResult parse, IPEndPoint listen) => parse.GetValue(_advertise) ?? Own(parse, listen);

    /// <summary>Where this process reaches itself.</summary>
    public Uri Own(ParseResult parse, IPEndPoint listen)
    {
        var scheme = Endpoint()?.Scheme ?? (parse.GetValue(_certificate) is null ? Uri.UriSchemeHttp : Uri.UriSchemeHttps);

        // A certificate is of a name, and that is what others know.
        return scheme == Uri.UriSchemeHttps && parse.GetValue(_advertise) is { } advertised ? advertised
            : new UriBuilder(AddressOf(listen)) { Scheme = scheme }.Uri;
    }

    /// <summary>The role with its TLS and its bounds.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="role">The role.</param>
    /// <param name="tls">Its TLS, from <see cref="Tls"/>.</param>
    /// <param name="hasPrincipals">Whether it asks who calls.</param>
    /// <param name="own">A name that it is known by itself, or null.</param>
    public Role Secure(ParseResult parse, Role role, ServerTls? tls, bool hasPrincipals, string? own = null) => role with
    {
        Tls = tls,

        // A certificate that clients must show is an answer to who calls, too.
        Hosts = hasPrincipals || tls is { ClientAuthorities: not null, ClientsMust: true } ? null : new AllowedHosts(
            [.. parse.GetValue(_allowedHosts)!, .. Known(parse.GetValue(_advertise)?.Host), .. Known(own)]),
        Kestrel = _kestrel,
        MaxConnections = parse.GetValue(_maxConnections),
    };

    private static IEnumerable<string> Known(string? name) => name is null ? [] : [name.Trim('[', ']')];

    /// <summary>What is stated of TLS, or null.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="hasPrincipals">Whether callers may also say who they are by a secret.</param>
    /// <exception cref="CliException">It is incomplete or cannot be read.</exception>
    public ServerTls? Tls(ParseResult parse, bool hasPrincipals)
    {
        var (key, authorities) = (parse.GetValue(_key), parse.GetValue(_clientAuthorities));
        if (parse.GetValue(_certificate) is not { } certificate)
            return key is null && authorities is null ? null
            : throw new CliException("--tls-key and --tls-client-ca need a --tls-certificate");
        if (Endpoint() is not null)
            throw new CliException("either --tls-certificate or Kestrel:Endpoints of appsettings.json says how to listen");
        return ServerTls.Read(certificate, key, authorities, clientsMust: !hasPrincipals);
    }

    /// <summary>The first of Kestrel's own endpoints, where the settings have any.</summary>
    private (IPEndPoint Listen, string Scheme)? Endpoint()
    {
        if (_kestrel?.GetSection("Endpoints").GetChildren().FirstOrDefault() is not { } endpoint) return null;
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
