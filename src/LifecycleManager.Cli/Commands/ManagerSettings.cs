using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager;
using LifecycleManager.Metrics;
using LifecycleManager.Metrics.Discovery;
using LifecycleManager.Metrics.Kafka;
using LifecycleManager.Scaling.Safety;

namespace LifecycleManager.Cli.Commands;

/// <summary>
/// The options of the manager that <c>lcm up</c> has too: policies, where metrics come from, what is never done.
/// </summary>
internal sealed class ManagerSettings
{
    private readonly Option<string> _rules;
    private readonly Option<bool> _rulesWritable;
    private readonly Option<bool> _cSharpRules;
    private readonly Option<bool> _dryRun;
    private readonly Option<TimeSpan> _tick;
    private readonly Option<TimeSpan> _scrape;
    private readonly Option<TimeSpan?> _staleness;
    private readonly Option<Uri?> _prometheus;
    private readonly Option<Uri?> _rabbitMq;
    private readonly Option<string?> _sources;
    private readonly Option<string?> _webhooks;
    private readonly Option<Uri?> _otlp;
    private readonly EurekaSettings _eureka;
    private readonly Option<IReadOnlyList<string>> _targetFiles;
    private readonly Option<IReadOnlyList<TargetGroup>> _targets;
    private readonly Option<IReadOnlyList<MetricsCredential>> _credentials;
    private readonly Option<IReadOnlyList<MetricsTls>> _tls;
    private readonly Option<int> _changes;
    private readonly Option<int?> _maxStep;
    private readonly Option<double> _missingShare;

    /// <param name="command">Gets the options.</param>
    /// <param name="settings">Where they come from, too.</param>
    /// <param name="tick">The default of <c>--tick</c>.</param>
    /// <param name="scrape">The default of <c>--scrape-interval</c>.</param>
    /// <param name="eureka">The options of Eureka, where the command has them for more than this role; null for its own.</param>
    public ManagerSettings(Command command, Settings settings, TimeSpan tick, TimeSpan scrape, EurekaSettings? eureka = null)
    {
        _rules = Setting.Of(settings, "--rules", "The directory of the policy files", Path.GetFullPath, DefaultRules,
            "rules, else the examples beside lcm");
        _rulesWritable = Setting.Flag(settings, "--rules-writable",
            "Let who may operate write policy files there, by PUT /v1/policies/files/NAME and the console");
        _cSharpRules = Setting.Flag(settings, "--csharp-rules",
            "Compile and run the rules in C# (*.cs, *.dll) in that directory: with all the rights of this process");
        _dryRun = Setting.Flag(settings, "--dry-run",
            "Only tell what the policies would do: no count is changed. Give it a state of its own beside managers that act");
        var manager = new RangedSettings<ManagerOptions>(settings, new ManagerOptions { Tick = tick });
        var collector = new RangedSettings<CollectorOptions>(
            settings, new CollectorOptions { Scheduler = null, Interval = scrape });
        var safety = new RangedSettings<SafetyOptions>(settings, new SafetyOptions());
        _tick = manager.Time("--tick",
            "Between two evaluations of all apps; one whose readings arrive, or of which something is due, is decided at once",
            nameof(ManagerOptions.Tick));
        _scrape = collector.Time("--scrape-interval", "Between two scrapes of an instance", nameof(CollectorOptions.Interval));
        _staleness = collector.OptionalTime("--staleness", "How long a sample stands for the present",
            nameof(CollectorOptions.Staleness), "three scrape intervals, at most 5m");
        _prometheus = Setting.Of<Uri?>(settings, "--prometheus",
            "A server with Prometheus' API, for promql metrics that name none; its query goes with every request",
            Values.PlainUrl, () => null);
        _rabbitMq = Setting.Of<Uri?>(settings, "--rabbitmq",
            "RabbitMQ's management API, for rabbitmq metrics: http://rabbit:15672", Values.PlainUrl, () => null);
        _sources = Setting.Of<string?>(settings, "--sources",
            "A file of named servers that metrics are read of (prometheus, rabbitmq, redis, postgres, json, kafka), read again "
            + "when it changes",
            Path.GetFullPath, () => null);
        _webhooks = Setting.Of<string?>(settings, "--webhooks",
            "A file of webhooks that are told of decisions, a line each: URL [format=slack|cloudevents] "
            + "[on=changes,failures,holds,dryRuns]",
            Path.GetFullPath, () => null);
        _otlp = Setting.Of<Uri?>(settings, "--otlp",
            "An OpenTelemetry collector that gets traces, by OTLP over HTTP: http://otel:4318", Values.PlainUrl,
            () => Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 } stated
                ? Values.PlainUrl(stated) : null,
            "OTEL_EXPORTER_OTLP_ENDPOINT; without it none");
        _eureka = eureka ?? new EurekaSettings(command, settings,
            "Eureka servers that know the same, comma separated, whose instances are scraped too: http://eureka:8761/eureka",
            areOne: true);
        _targetFiles = Setting.Of(settings, "--target-files",
            "Prometheus' file_sd files of what is scraped too, comma separated; the last part may have *",
            Values.List, () => []);
        _targets = Setting.Of(settings, "--targets", "What is scraped too: APP=HOST:PORT,HOST:PORT;APP=https://HOST:PORT/PATH",
            MetricsValues.Targets, () => []);
        _credentials = Setting.Of(settings, "--metrics-credentials",
            "Who the collector is, FOR=USER@FILE or FOR=FILE for a bearer token, comma separated; FOR is an app's id (with *), prometheus, rabbitmq, "
            + "eureka, agents or scheduler; instead of FILE, env:NAME takes the secret from the variable NAME",
            MetricsValues.Credentials, () => [], secret: true);
        _tls = Setting.Of(settings, "--metrics-tls",
            "How targets that speak TLS are known, FOR=FILE (the authorities' certificates, PEM), FOR=NAME@FILE (and their "
            + "server name) or FOR=insecure (any certificate), comma separated; FOR is an app's id (with *)",
            MetricsValues.Tls, () => []);
        _changes = safety.Count("--changes-per-minute", "The most changes of counts within a minute, over all apps",
            nameof(SafetyOptions.ChangesPerMinute));
        _maxStep = safety.OptionalCount("--max-step", "The most instances that one change adds or removes",
            nameof(SafetyOptions.MaxStep), "no limit");
        _missingShare = safety.Number("--missing-share",
            "Scale-in stops everywhere while this share (25%) of the instances, or of the apps' metrics, is missing at once; "
            + "over 1 never",
            nameof(SafetyOptions.MissingShare));
        foreach (var option in (Option[])[
            _rules, _rulesWritable, _cSharpRules, _dryRun, _tick, _scrape, _staleness, _prometheus, _rabbitMq, _sources,
            _webhooks, _otlp, _targetFiles, _targets, _credentials, _tls, _changes, _maxStep, _missingShare])
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
        var (scheduler, eurekas) = (schedulers is [var first, ..] ? first : null, _eureka.Servers(parse));
        var otherSchedulers = schedulers.Skip(1).ToList();
        var options = new ManagerOptions
        {
            Address = address,
            RulesDirectory = parse.GetValue(_rules)!,
            RulesWritable = parse.GetValue(_rulesWritable),
            CSharpRules = parse.GetValue(_cSharpRules),
            DryRun = parse.GetValue(_dryRun),
            Tick = parse.GetValue(_tick),
            WebhooksFile = parse.GetValue(_webhooks),
            Otlp = parse.GetValue(_otlp),
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
                SourcesFile = parse.GetValue(_sources),
                Kafka = new KafkaClients(),
                Eureka = eurekas is [var eureka, ..] ? eureka : null,
                OtherEurekas = [.. eurekas.Skip(1)],
                TargetFiles = parse.GetValue(_targetFiles)!,
                StaticTargets = parse.GetValue(_targets)!,
                Credentials = [.. Eureka(parse), .. parse.GetValue(_credentials)!],
                Tls = parse.GetValue(_tls)!,
            },
        };
        return scheduler is null ? options : options with { Scheduler = scheduler, OtherSchedulers = otherSchedulers };
    }

    private IEnumerable<MetricsCredential> Eureka(ParseResult parse) => _eureka.Credential(parse) is { } credential
        ? [new MetricsCredential("eureka", credential.User, credential.Secret)] : [];

    private static string DefaultRules() =>
        Path.GetFullPath("rules") is var here && Directory.Exists(here) ? here : Path.Combine(AppContext.BaseDirectory, "rules");
}
