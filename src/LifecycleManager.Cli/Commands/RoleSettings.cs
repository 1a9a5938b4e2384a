using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands;

/// <summary>The options that every role's command has: where it listens, where it keeps what it knows.</summary>
internal sealed class RoleSettings
{
    private readonly string _role;
    private readonly Option<IPAddress> _bind;
    private readonly Option<int> _port;
    private readonly Option<string> _workDirectory;
    private readonly Option<Uri?> _advertise;

    public RoleSettings(Command command, Settings settings, string role, int port)
    {
        _role = role;
        _bind = Bind(settings);
        _port = Setting.Of(settings, "--port", "The port to listen on", Values.Port, () => port, $"{port}");
        _workDirectory = WorkDirectory(settings);
        _advertise = Setting.Of<Uri?>(settings, "--advertise", "The address at which others reach this process",
            Values.Url, () => null, "http://BIND:PORT; this machine's name where it listens on all addresses");
        command.Add(_bind);
        command.Add(_port);
        command.Add(_advertise);
        command.Add(_workDirectory);
    }

    /// <summary>The addresses to listen on, by default this machine's alone.</summary>
    public static Option<IPAddress> Bind(Settings settings) => Setting.Of(settings, "--bind",
        "The address to listen on; 0.0.0.0 serves other machines", Values.Address, () => IPAddress.Loopback, "127.0.0.1");

    /// <summary>The directory that everything durable is kept in.</summary>
    public static Option<string> WorkDirectory(Settings settings) => Setting.Of(settings, "--work-dir",
        "The directory of all that is kept", Path.GetFullPath, () => Path.GetFullPath(".lcm"), ".lcm");

    public IPEndPoint Listen(ParseResult parse)
    {
        var bind = parse.GetValue(_bind)!;
        return new IPEndPoint(bind, PortOrFree(bind, parse.GetValue(_port)));
    }

    public Uri Advertise(ParseResult parse, IPEndPoint listen) => parse.GetValue(_advertise) ?? AddressOf(listen);

    /// <summary>This role's own directory, made when missing.</summary>
    public string Directory(ParseResult parse) => RoleDirectory(parse.GetValue(_workDirectory)!, _role);

    public static string RoleDirectory(string workDirectory, string role)
    {
        var path = Path.Combine(workDirectory, role);
        try
        {
            // State names agents, apps and their environments: nobody else's business on a shared machine.
            if (OperatingSystem.IsWindows()) System.IO.Directory.CreateDirectory(path);
            else System.IO.Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return path;
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

    /// <summary>A role publishes its address before it listens, so that port 0 must be settled first.</summary>
    public static int PortOrFree(IPAddress bind, int port)
    {
        if (port != 0) return port;
        using var listener = new TcpListener(bind, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
