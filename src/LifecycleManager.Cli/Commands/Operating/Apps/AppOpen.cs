using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Logs;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Cli.Commands.Operating.Apps;

/// <summary><c>lcm app open</c></summary>
internal static class AppOpen
{
    private const int MaxPorts = 100;

    public static Command Create(Settings settings)
    {
        var app = AppIds.Argument();
        var task = LogsCommand.TaskOption(settings);
        task.Aliases.Add("--instance");
        var port = Setting.Of(settings, "--port", "Which of its ports, counted from 0", Values.Count(0, MaxPorts), () => 0, "0");
        var command = new Command("open",
            "Opens an app in the browser: by the host name that its proxy serves it at, else at a healthy instance. In a pipe, "
            + "and where there is no browser, it says the address.")
        {
            app, task, port,
        };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler, withOutput: false);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var id = await AppIds.FindAsync(scheduler, parse.GetValue(app)!, stop);
            var answer = await scheduler.GetAsync(AppIds.Path(id) + "?embed=app.tasks", stop);
            var address = AddressOf(scheduler.As(answer, MarathonJson.Default.AppAnswer).App, parse.GetValue(task),
                parse.GetValue(port));
            var terminal = cluster.Printer(parse).Terminal;
            terminal.Line(address.ToString());
            if (terminal.IsTerminal) Open(address);
        }, "lcm app open /shop/web", "curl \"$(lcm app open web --instance 867ed450)health\"");
    }

    /// <summary>Where an app is reached.</summary>
    /// <exception cref="CliException">No instance of it is, or it has no such port.</exception>
    internal static Uri AddressOf(App app, string? task, int port)
    {
        var labels = app.Labels ?? new Dictionary<string, string>();
        if (task is null && (Host("lcm.proxy.{0}.vhost") ?? Host("HAPROXY_{0}_VHOST")) is { } served) return served;
        var running = (app.Tasks ?? []).Where(one => one.State == "TASK_RUNNING" && one.Host is not null
            && (task is null || one.Id.Contains(task, StringComparison.Ordinal)));
        // The best first: one that is healthy, and that gets work.
        var instance = running.OrderBy(one => one.InService == false || one.Started == false)
            .ThenBy(one => one.HealthCheckResults?.Any(result => !result.Alive) == true)
            .ThenBy(one => one.Id, StringComparer.Ordinal).FirstOrDefault();
        if (instance is null)
            throw new CliException(
                $"no instance of {app.Id}{(task is null ? "" : $" with '{task}' in its id")} runs: 'lcm why {app.Id}' says why",
                code: ExitStatus.NotFound);
        if (instance.Ports.Count <= port)
            throw new CliException(instance.Ports.Count == 0
                ? $"{app.Id} has no port of its machine: 'lcm app show {app.Id}' shows what it has"
                : $"{app.Id} has the ports 0 to {instance.Ports.Count - 1}, and no {port}", code: ExitStatus.NotFound);
        var name = app.PortDefinitions?.ElementAtOrDefault(port)?.Name;
        var scheme = name?.StartsWith("https", StringComparison.OrdinalIgnoreCase) == true ? "https" : "http";
        return new UriBuilder(scheme, instance.Host!, instance.Ports[port]).Uri;

        Uri? Host(string label) => labels.TryGetValue(string.Format(CultureInfo.InvariantCulture, label, port), out var hosts)
            && hosts.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is [var host, ..]
            && Uri.TryCreate($"http://{host}/", UriKind.Absolute, out var address) ? address : null;
    }

    private static void Open(Uri address)
    {
        var program = OperatingSystem.IsMacOS() ? "open" : OperatingSystem.IsWindows() ? "explorer.exe"
            : IsSet("DISPLAY") || IsSet("WAYLAND_DISPLAY") ? "xdg-open" : null;
        if (program is null) return;
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, [address.ToString()]) { UseShellExecute = false });
        }
        catch (Win32Exception)
        {
            // There is no browser: the address is said.
        }
    }

    private static bool IsSet(string variable) => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable));
}
