using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics;
using LifecycleManager.Metrics.Discovery;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Scaling;
using LifecycleManager.Scaling.Safety;

namespace LifecycleManager.Cli.Commands;

/// <summary>
/// The options of the manager that <c>lcm up</c> has too: policies, where metrics come from, what is never done.
/// </summary>
internal sealed class ManagerSettings
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly SafetyOptions Safe = new();
    private readonly Option<string> _rules;
    private readonly Option<TimeSpan> _tick;
    private readonly Option<TimeSpan> _scrape;
    private readonly Option<TimeSpan?> _staleness;
    private readonly Option<Uri?> _prometheus;
    private readonly Option<Uri?> _rabbitMq;
    private readonly Option<IReadOnlyList<Uri>> _eureka;
    private readonly Option<IReadOnlyList<string>> _targetFiles;
    private readonly Option<IReadOnlyList<TargetGroup>> _targets;
    private readonly Option<IReadOnlyList<MetricsCredential>> _credentials;
    private readonly Option<int> _changes;
    private readonly Option<int?> _maxStep;
    private readonly Option<double> _missingShare;

    /// <param name="command">Gets the options.</param>
    /// <param name="settings">Where they come from, too.</param>
    /// <param name="tick">The default of <c>--tick</c>.</param>
    /// <param name="scrape">The default of <c>--scrape-interval</c>.</param>
    /// <param name="eureka">The Eureka servers, where the command has an option for more than this role; null for one of its
    /// own.</param>
    public ManagerSettings(Command command, Settings settings, TimeSpan tick, TimeSpan scrape,
        Option<IReadOnlyList<Uri>>? eureka = null)
    {
        _rules = Setting.Of(settings, "--rules", "The directory of the policy files", Path.GetFullPath, DefaultRules,
            "rules, else the examples beside lcm");
        _tick = Setting.Of(settings, "--tick", "Between two evaluations of the policies", Values.Time(Shortest, Hour), () => tick,
            DurationText.Format(tick));
        _scrape = Setting.Of(settings, "--scrape-interval", "Between two scrapes of an instance", Values.Time(Shortest, Hour),
            () => scrape, DurationText.Format(scrape));
        _staleness = Setting.Of<TimeSpan?>(settings, "--staleness", "How long a sample stands for the present",
            text => Values.Time(Shortest, 24 * Hour)(text), () => null, "three scrape intervals, at most 5m");
        _prometheus = Setting.Of<Uri?>(settings, "--prometheus", "A Prometheus server, for promql metrics", Values.PlainUrl,
            () => null);
        _rabbitMq = Setting.Of<Uri?>(settings, "--rabbitmq",
            "RabbitMQ's management API, for rabbitmq metrics: http://rabbit:15672", Values.PlainUrl, () => null);
        _eureka = eureka ?? Setting.Of<IReadOnlyList<Uri>>(settings, "--eureka",
            "Eureka servers that know the same, comma separated, whose instances are scraped too: http://eureka:8761/eureka",
            Values.PlainUrls, () => []);
        if (eureka is null) command.Add(_eureka);

        _targetFiles = Setting.Of(settings, "--target-files",
            "Prometheus' file_sd files of what is scraped too, comma separated; the last part may have *",
            Values.List, () => []);
        _targets = Setting.Of(settings, "--targets", "What is scraped too: APP=HOST:PORT,HOST:PORT;APP=https://HOST:PORT/PATH",
            MetricsValues.Targets, () => []);
        _credentials = Setting.Of(settings, "--metrics-credentials",
            "Who the collector is, FOR=USER@FILE or FOR=FILE for a bearer token, comma separated; FOR is an app's id (with *), prometheus, rabbitmq, "
            + "eureka, agents or scheduler; instead of FILE, env:NAME takes the secret from the variable NAME",
            MetricsValues.Credentials, () => [], secret: true);
        _changes = Setting.Of(settings, "--changes-per-minute", "The most changes of counts within a minute, over all apps",
            Values.Count(1, 1_000_000), () => Safe.ChangesPerMinute, $"{Safe.ChangesPerMinute}");
        _maxStep = Setting.Of<int?>(settings, "--max-step", "The most instances that one change adds or removes",
            text => Values.Count(1, 1_000_000)(text), () => null, "no limit");
        _missingShare = Setting.Of(settings, "--missing-share",
            "Scale-in stops everywhere while this share of the instances, or of the apps' metrics, is missing at once; over 100% never",
            MetricsValues.Share, () => Safe.MissingShare, "25%");
        foreach (var option in (Option[])[
            _rules, _tick, _scrape, _staleness, _prometheus, _rabbitMq, _targetFiles, _targets, _credentials, _changes, _maxStep,
            _missingShare])
        {
            command.Add(option);
        }
    }

    /// <param name="parse">The command line.</param>
    /// <param name="schedulers">Whose tasks are scraped, with its standbys; empty for none.</param>
    /// <param name="masters">The master, for container statistics, with its standbys; empty for none.</param>
    /// <param name="address">At which others reach the manager.</param>
    public ManagerOptions Options(ParseResult parse, IReadOnlyList<Uri> schedulers, IReadOnlyList<Uri> masters, Uri address)
    {
        var (scheduler, eurekas) = (schedulers is [var first, ..] ? first : null, parse.GetValue(_eureka)!);
        var otherSchedulers = schedulers.Skip(1).ToList();
        var options = new ManagerOptions
        {
            Address = address,
            RulesDirectory = parse.GetValue(_rules)!,
            Tick = parse.GetValue(_tick),
            Safety = new SafetyOptions
            {
                ChangesPerMinute = parse.GetValue(_changes),
                MaxStep = parse.GetValue(_maxStep),
                MissingShare = parse.GetValue(_missingShare),
            },
            Collector = new CollectorOptions
            {
                Scheduler = scheduler,
                OtherSchedulers = otherSchedulers,
                Master = masters is [var master, ..] ? master : null,
                OtherMasters = [.. masters.Skip(1)],
                Interval = parse.GetValue(_scrape),
                Staleness = parse.GetValue(_staleness),
                Prometheus = parse.GetValue(_prometheus),
                RabbitMq = parse.GetValue(_rabbitMq),
                Eureka = eurekas is [var eureka, ..] ? eureka : null,
                OtherEurekas = [.. eurekas.Skip(1)],
                TargetFiles = parse.GetValue(_targetFiles)!,
                StaticTargets = parse.GetValue(_targets)!,
                Credentials = parse.GetValue(_credentials)!,
            },
        };
        return scheduler is null ? options : options with { Scheduler = scheduler, OtherSchedulers = otherSchedulers };
    }

    private static string DefaultRules() =>
        Path.GetFullPath("rules") is var here && Directory.Exists(here) ? here : Path.Combine(AppContext.BaseDirectory, "rules");
}
