using System.CommandLine;
using System.Net;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Clients.Schedulers;
using LifecycleManager.Discovery.Proxies;
using LifecycleManager.Protocol.Marathon;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Cli.Commands;

/// <summary><c>lcm proxy</c>: keeps nginx or HAProxy at what runs.</summary>
internal static class ProxyCommand
{
    private static readonly TimeSpan CommandLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    public static Command Create(Settings settings)
    {
        var command = new Command("proxy",
            "Writes the configuration of nginx or HAProxy from what runs, each service port and virtual host, and follows every change.");
        var schedulers = Setting.Of(settings, "--scheduler", "The schedulers, comma separated", Values.Urls,
            () => [new Uri($"http://127.0.0.1:{SchedulerCommand.Port}")], $"http://127.0.0.1:{SchedulerCommand.Port}");
        var kind = Setting.Of(settings, "--kind", "nginx or haproxy", Values.Among<ProxyKind>(), () => ProxyKind.Nginx, "nginx");
        var output = Setting.Of<string?>(settings, "--output", "The configuration file, replaced as a whole; needed",
            Path.GetFullPath, () => null);
        var check = Setting.Of<string?>(settings, "--check", "A shell command that says whether $FILE is a good configuration",
            Values.Text,
            () => null, "nginx -t -q -c $FILE, or haproxy -c -q -f $FILE");
        var reload = Setting.Of<string?>(settings, "--reload",
            "A shell command that makes the proxy read its file again, such as nginx -s reload",
            Values.Text, () => null, "nobody is told");
        var address = Setting.Of(settings, "--listen", "The address that the proxy serves on", Values.Address,
            () => IPAddress.Any, "0.0.0.0");
        var httpPort = Setting.Of(settings, "--http-port", "The port of virtual hosts", Values.Count(1, 65_535), () => 80, "80");
        var poll = Setting.Of(settings, "--poll", "All is read anew at least this often",
            Values.Time(Second, TimeSpan.FromHours(1)), () => 10 * Second, "10s");
        var pause = Setting.Of(settings, "--reload-interval", "The least time between two reloads",
            Values.Time(TimeSpan.Zero, TimeSpan.FromMinutes(10)), () => Second, "1s");
        var once = Setting.Flag(settings, "--once", "Do it once and end");
        foreach (Option option in (Option[])[schedulers, kind, output, check, reload, address, httpPort, poll, pause, once])
            command.Add(option);
        var caller = new CallerSettings(command, settings, "a scheduler");
        var logging = new Logging(command, settings, LogLevel.Information);

        command.SetAction(async (parse, stop) =>
        {
            var path = parse.GetValue(output)
                ?? throw new CliException("--output FILE is needed: where the proxy reads its configuration");
            if (!Directory.Exists(Path.GetDirectoryName(path)))
                throw new CliException($"--output {path}: there is no directory {Path.GetDirectoryName(path)}");
            if (parse.GetValue(schedulers) is not { Count: > 0 } addresses)
                throw new CliException("--scheduler names no scheduler");
            using var loggers = logging.Create(parse);
            var list = new AddressList(addresses);
            var who = caller.Caller(parse);
            using var client = SchedulerHttp.Create(list, who.Sayer, who.Tls);
            try
            {
                var follower = new ProxyFollower(
                    list,
                    MarathonApi.For(client),
                    parse.GetValue(kind),
                    new ProxyOptions { Address = Text(parse.GetValue(address)!), HttpPort = parse.GetValue(httpPort) },
                    new ProxyFile(path, Command(parse.GetValue(check) ?? Check(parse.GetValue(kind)))!,
                        Command(parse.GetValue(reload))),
                    new HostNames(TimeProvider.System),
                    TimeProvider.System,
                    loggers);
                if (parse.GetValue(once)) await follower.OnceAsync(stop);
                else await follower.RunAsync(parse.GetValue(poll), parse.GetValue(pause), stop);
                return 0;
            }
            catch (ProxyException e)
            {
                throw new CliException(e.Message, e);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return 0;
            }
        });
        return command;
    }

    private static string Check(ProxyKind kind) => kind == ProxyKind.Nginx
        ? "nginx -t -q -c \"$FILE\"" : "haproxy -c -q -f \"$FILE\"";

    private static ShellCommand? Command(string? text) => text is null ? null : new ShellCommand(text, CommandLimit);

    private static string Text(IPAddress address) =>
        address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();
}
