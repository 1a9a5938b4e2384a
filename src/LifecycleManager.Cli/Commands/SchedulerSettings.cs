using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Discovery.Eureka;
using LifecycleManager.Scheduler;
using LifecycleManager.Scheduler.Core.Definitions.Labels;

namespace LifecycleManager.Cli.Commands;

/// <summary>The options of the scheduler that <c>lcm up</c> has too.</summary>
internal sealed class SchedulerSettings
{
    private static readonly SchedulerOptions Defaults = new();
    private static readonly EurekaOptions EurekaDefaults = new();

    private readonly Option<string> _name;
    private readonly Option<string> _role;
    private readonly Option<string> _user;
    private readonly Option<TimeSpan> _failover;
    private readonly Option<PlacementStrategy> _placement;
    private readonly Option<TimeSpan> _launch;
    private readonly Option<TimeSpan> _kill;
    private readonly Option<TimeSpan> _reconciliation;
    private readonly Option<int> _versions;
    private readonly Option<int> _subscribers;
    private readonly Option<int> _eventMemory;
    private readonly Option<int> _checks;
    private readonly Option<int> _body;
    private readonly EurekaSettings _eureka;
    private readonly Option<TimeSpan> _renewal;

    /// <param name="command">Gets the options.</param>
    /// <param name="settings">Where they come from, too.</param>
    /// <param name="eureka">The options of Eureka, where the command has them for more than this role; null for its own.</param>
    public SchedulerSettings(Command command, Settings settings, EurekaSettings? eureka = null)
    {
        Option<T> Add<T>(Option<T> option)
        {
            command.Add(option);
            return option;
        }

        var options = new RangedSettings<SchedulerOptions>(settings, Defaults);
        _name = Add(Setting.Of(settings, "--framework-name", "The framework's name at the master", Values.Text,
            () => Defaults.FrameworkName, Defaults.FrameworkName));
        _role = Add(Setting.Of(settings, "--framework-role",
            "The role whose reserved resources are used beside the unreserved ones",
            Values.Text, () => Defaults.Role, Defaults.Role));
        _user = Add(Setting.Of(settings, "--user", "The user that tasks run as where the app names none", Values.Text,
            () => Defaults.User, "the agent's own"));
        _failover = Add(options.Time("--failover-timeout", "How long the master keeps the tasks of a scheduler that is away",
            nameof(SchedulerOptions.FailoverTimeout)));
        _placement =
            Add(Setting.Of(settings, "--placement",
                "spread, bin-packing or random: which of the fitting agents to prefer, unless the app says",
            Strategy, () => Defaults.Placement, "spread"));
        _launch = Add(options.Time("--launch-timeout", "An instance that is not running by then is launched anew",
            nameof(SchedulerOptions.LaunchTimeout)));
        _kill = Add(options.Time("--kill-retry", "A kill without effect is repeated after this",
            nameof(SchedulerOptions.KillRetry)));
        _reconciliation = Add(options.Time("--reconciliation-interval", "Between two comparisons of all tasks with the master's",
            nameof(SchedulerOptions.ReconciliationInterval)));
        _versions = Add(options.Count("--max-versions", "Old versions kept of each app", nameof(SchedulerOptions.MaxVersions)));
        _subscribers = Add(options.Count("--max-event-subscribers", "Event streams open at once",
            nameof(SchedulerOptions.MaxEventSubscribers)));
        _eventMemory = Add(Setting.Of(settings, "--event-memory",
            "Megabytes of events that wait for all event streams together; the slowest is dropped beyond it, 1 to 4096",
            Values.Count(1, 4_096), () => (int)(Defaults.MaxEventBytes >> 20), $"{Defaults.MaxEventBytes >> 20}"));
        _checks = Add(options.Count("--max-health-checks", "Health checks under way at once",
            nameof(SchedulerOptions.MaxConcurrentHealthChecks)));
        _body = Add(options.Count("--max-request-body", "The largest definition, bytes; a group may have sixteen times that",
            nameof(SchedulerOptions.MaxRequestBody)));
        _eureka = eureka
            ?? new EurekaSettings(command, settings, "Eureka servers for the apps that ask for it by label, comma separated");
        _renewal = Add(new RangedSettings<EurekaOptions>(settings, EurekaDefaults).Time("--eureka-renewal",
            "Between two renewals of the registrations in Eureka", nameof(EurekaOptions.Renewal)));
    }

    public SchedulerOptions Options(ParseResult parse, IReadOnlyList<Uri> masters, Uri address) => new()
    {
        Masters = masters,
        Address = address,
        FrameworkName = parse.GetValue(_name)!,
        Role = parse.GetValue(_role)!,
        User = parse.GetValue(_user)!,
        FailoverTimeout = parse.GetValue(_failover),
        Placement = parse.GetValue(_placement),
        LaunchTimeout = parse.GetValue(_launch),
        KillRetry = parse.GetValue(_kill),
        ReconciliationInterval = parse.GetValue(_reconciliation),
        MaxVersions = parse.GetValue(_versions),
        MaxEventSubscribers = parse.GetValue(_subscribers),
        MaxEventBytes = (long)parse.GetValue(_eventMemory) << 20,
        MaxConcurrentHealthChecks = parse.GetValue(_checks),
        MaxRequestBody = parse.GetValue(_body),
    };

    /// <summary>Where its apps are registered.</summary>
    public EurekaOptions Eureka(ParseResult parse) =>
        new() { Servers = _eureka.Servers(parse), Credential = _eureka.Credential(parse), Renewal = parse.GetValue(_renewal) };

    private static PlacementStrategy Strategy(string text) => PlacementLabels.TryParse(text, out var strategy)
        ? strategy : throw new FormatException("spread, bin-packing, random are known");
}
