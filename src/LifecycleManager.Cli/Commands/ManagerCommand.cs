using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Manager;
using LifecycleManager.Scaling.Targets;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Cli.Commands;

/// <summary><c>lcm manager</c></summary>
internal static class ManagerCommand
{
    public const string Name = "manager";
    public const int Port = 8090;
    private static readonly Uri DefaultScheduler = new($"http://127.0.0.1:{SchedulerCommand.Port}");

    public static Command Create(Settings settings)
    {
        var command = new Command(Name, "Scales apps by policy: collects their metrics, decides, and tells the scheduler.");
        var common = new RoleSettings(command, settings, Name, Port);
        var state = new StateSettings(command, settings);
        var tables = new TableSettings(command, settings);
        var policy = new ManagerSettings(command, settings, tick: TimeSpan.FromSeconds(5), scrape: TimeSpan.FromSeconds(5));
        var tuning = new ManagerTuning(command, settings);
        var target = new TargetSettings(command, settings);
        var principals = new PrincipalSettings(command, settings);
        var scheduler = Setting.Of<IReadOnlyList<Uri>>(settings, "--scheduler",
            "The scheduler and its standbys, ours or real Marathons, comma separated",
            Values.PlainUrls, () => [], $"{DefaultScheduler.ToString().TrimEnd('/')}; none where another target is scaled");
        var master = Setting.Of<IReadOnlyList<Uri>>(
            settings, "--master", "The master and its standbys, for the agents' container statistics, comma separated",
            Values.PlainUrls, () => []);
        command.Add(scheduler);
        command.Add(master);
        return RoleCommand.Create(settings, command, common, parse =>
        {
            var listen = common.Listen(parse);
            var scaled = target.Options(parse);
            IReadOnlyList<Uri> tasks = parse.GetValue(scheduler) is { Count: > 0 } named ? named
                : scaled.Kind == TargetKind.Marathon ? [scaled.Address ?? DefaultScheduler] : [];
            var (address, password) = (state.Address(parse, common.Directory(parse)), state.Password(parse));
            var callers = common.Join.Principals(principals.Principals(parse));
            var masters = parse.GetValue(master) is { Count: > 0 } stating ? stating : common.Join.Masters;
            var tls = common.Tls(parse, callers.AreRequired);
            var client = common.Client(parse, tls);
            var stated = tuning.Apply(
                parse, policy.Options(parse, tasks, masters, common.Advertise(parse, listen)));
            var options = stated with
            {
                Target = scaled with { Tls = client },
                Collector = stated.Collector! with { ClusterTls = client },
                Principals = callers,
                Tables = tables.Options(parse, address, password, common.Directory(parse)),
            };
            return common.Secure(parse, Role(listen, "--port", options), tls, callers) with
            {
                State = address,
                StatePassword = password,
            };
        });
    }

    public static Role Role(System.Net.IPEndPoint listen, string portOption, ManagerOptions options) =>
        new(Name, portOption, [listen], services => Add(services, options), app => app.MapManager());

    private static void Add(IServiceCollection services, ManagerOptions options)
    {
        try
        {
            services.AddManager(options);
        }
        catch (ArgumentException e)
        {
            // Options that contradict each other, or a file that is not there.
            throw new CliException(e.Message, e);
        }
    }
}
