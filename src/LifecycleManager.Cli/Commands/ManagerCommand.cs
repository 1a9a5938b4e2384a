using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics;
using LifecycleManager.Scaling;

namespace LifecycleManager.Cli.Commands;

/// <summary><c>lcm manager</c></summary>
internal static class ManagerCommand
{
    public const string Name = "manager";
    public const int Port = 8090;

    public static Command Create(Settings settings)
    {
        var command = new Command(Name, "Scales apps by policy: collects their metrics, decides, and tells the scheduler.");
        var common = new RoleSettings(command, settings, Name, Port);
        var state = new StateSettings(command, settings);
        var policy = new ManagerSettings(command, settings, tick: TimeSpan.FromSeconds(5), scrape: TimeSpan.FromSeconds(15));
        var scheduler = Setting.Of(settings, "--scheduler", "The scheduler: ours, or a real Marathon", Values.Url,
            () => new Uri($"http://127.0.0.1:{SchedulerCommand.Port}"), $"http://127.0.0.1:{SchedulerCommand.Port}");
        var master = Setting.Of<Uri?>(settings, "--master", "The master, for the agents' container statistics", Values.Url, () => null);
        command.Add(scheduler);
        command.Add(master);
        return RoleCommand.Create(settings, command, parse =>
        {
            var listen = common.Listen(parse);
            var options = policy.Options(parse, parse.GetValue(scheduler)!, parse.GetValue(master), common.Advertise(parse, listen));
            return Role(listen, "--port", options) with
            {
                State = state.Address(parse, common.Directory(parse)),
                StatePassword = state.Password(parse),
            };
        });
    }

    public static Role Role(System.Net.IPEndPoint listen, string portOption, ManagerOptions options) =>
        new(Name, portOption, [listen], services => services.AddManager(options), app => app.MapManager());
}

/// <summary>The options of the manager that <c>lcm up</c> has too.</summary>
internal sealed class ManagerSettings
{
    private readonly Option<string> _rules;
    private readonly Option<TimeSpan> _tick;
    private readonly Option<TimeSpan> _scrape;
    private readonly Option<Uri?> _prometheus;

    public ManagerSettings(Command command, Settings settings, TimeSpan tick, TimeSpan scrape)
    {
        _rules = Setting.Of(settings, "--rules", "The directory of the policy files", Path.GetFullPath, DefaultRules, "rules, else the examples beside lcm");
        _tick = Setting.Of(settings, "--tick", "Between two evaluations of the policies",
            Values.Time(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)), () => tick, Durations.Format(tick));
        _scrape = Setting.Of(settings, "--scrape-interval", "Between two scrapes of an instance",
            Values.Time(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)), () => scrape, Durations.Format(scrape));
        _prometheus = Setting.Of<Uri?>(settings, "--prometheus", "A Prometheus server, for promql metrics", Values.Url, () => null);
        command.Add(_rules);
        command.Add(_tick);
        command.Add(_scrape);
        command.Add(_prometheus);
    }

    public ManagerOptions Options(ParseResult parse, Uri scheduler, Uri? master, Uri address) => new()
    {
        Scheduler = scheduler,
        Address = address,
        RulesDirectory = parse.GetValue(_rules)!,
        Tick = parse.GetValue(_tick),
        Collector = new CollectorOptions
        {
            Scheduler = scheduler, Master = master, Prometheus = parse.GetValue(_prometheus), Interval = parse.GetValue(_scrape),
        },
    };

    private static string DefaultRules() =>
        Path.GetFullPath("rules") is var here && Directory.Exists(here) ? here : Path.Combine(AppContext.BaseDirectory, "rules");
}
