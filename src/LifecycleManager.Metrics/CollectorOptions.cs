using System.ComponentModel.DataAnnotations;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Metrics.Discovery;
using LifecycleManager.Metrics.Sources.Servers;
using LifecycleManager.Runtime;

namespace LifecycleManager.Metrics;

/// <summary>How the collector finds, asks and remembers.</summary>
public sealed record CollectorOptions
{
    /// <summary>
    /// The scheduler (ours or a real Marathon) whose running tasks are the targets; null: there is none, and targets come from
    /// the other sources alone.
    /// </summary>
    public required Uri? Scheduler { get; init; }

    /// <summary>
    /// The master (ours or a real Mesos) that knows the agents, for container statistics; null: there are none.
    /// </summary>
    public Uri? Master { get; init; }

    /// <summary>
    /// The Prometheus server that evaluates PromQL where a metric names none; null: one of <see cref="SourcesFile"/>. Its query
    /// goes with every request.
    /// </summary>
    public Uri? Prometheus { get; init; }

    /// <summary>
    /// RabbitMQ's management API where a metric names none, <c>http://rabbit:15672</c>; null: one of <see cref="SourcesFile"/>.
    /// </summary>
    public Uri? RabbitMq { get; init; }

    /// <summary>The file of named servers, read again when it changes; null: there are none.</summary>
    public string? SourcesFile { get; init; }

    /// <summary>Makes the clients of Kafka's brokers, where this host has any: the collector does not carry one.</summary>
    public IKafkaClients? Kafka { get; init; }

    /// <summary>Further addresses of the scheduler: its standbys. The first that answers is asked.</summary>
    public IReadOnlyList<Uri> OtherSchedulers { get; init; } = [];

    /// <summary>Further addresses of the master: its standbys.</summary>
    public IReadOnlyList<Uri> OtherMasters { get; init; } = [];

    /// <summary>
    /// What scheduler, master and agents that ask for a certificate are shown, and whom is taken for one; null for the usual.
    /// </summary>
    public ClientTls? ClusterTls { get; init; }

    /// <summary>Further Eureka servers, which know the same.</summary>
    public IReadOnlyList<Uri> OtherEurekas { get; init; } = [];

    internal AddressList? Schedulers => List(Scheduler, OtherSchedulers);

    internal AddressList? Masters => List(Master, OtherMasters);

    internal AddressList? Eurekas => List(Eureka, OtherEurekas);

    /// <summary>A Eureka server, <c>http://eureka:8761/eureka</c>, whose instances are targets too; null: none.</summary>
    public Uri? Eureka { get; init; }

    /// <summary>
    /// Prometheus <c>file_sd</c> files, JSON or YAML, whose addresses are targets too; the last part may have <c>*</c>.
    /// </summary>
    public IReadOnlyList<string> TargetFiles { get; init; } = [];

    /// <summary>Addresses that are targets too.</summary>
    public IReadOnlyList<TargetGroup> StaticTargets { get; init; } = [];

    /// <summary>Who the collector is to targets that want to know.</summary>
    public IReadOnlyList<MetricsCredential> Credentials { get; init; } = [];

    /// <summary>How targets that speak TLS are known to be themselves, where the operator says so.</summary>
    public IReadOnlyList<MetricsTls> Tls { get; init; } = [];

    /// <summary>Time between two scrapes of a target; 5 s. From 100ms to 1h.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The longest that a scrape may take, all its requests together; 5 s. The next one waits for its end.
    /// From 10ms to 1d.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Time between two polls of the scheduler (and of the master); 10 s. Its events are followed besides.
    /// From 10ms to 1d.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    public TimeSpan DiscoveryInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a sample stands for the present. Null: three intervals, at most 5 minutes. An instance without a younger sample
    /// is missing, whatever the window.
    /// From 100ms to 1d.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "1.00:00:00")]
    public TimeSpan? Staleness { get; init; }

    /// <summary>
    /// How long an instance counts as starting, on top of its health checks; 10 s. A policy's <c>startup</c>, an app's label
    /// <c>lcm.metrics.startup</c> (<c>45s</c>, <c>2m</c>) and what was learnt of the app's last starts go before it.
    /// From 0s to 365d.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "365.00:00:00")]
    public TimeSpan StartupTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The longest body that is read of any answer, after decompression; 10 MiB. A longer one fails the scrape.
    /// From 1024 to 1073741824.
    /// </summary>
    [Range(1_024, 1_073_741_824)]
    public int MaxBodyBytes { get; init; } = 10 * 1024 * 1024;

    /// <summary>The most samples in one scrape, wanted or not; 50,000. More fail the scrape. From 1 to 10000000.</summary>
    [Range(1, 10_000_000)]
    public int MaxSamplesPerScrape { get; init; } = 50_000;

    /// <summary>The most series that are kept of one target; 5,000. More fail the scrape. From 1 to 10000000.</summary>
    [Range(1, 10_000_000)]
    public int MaxSeriesPerTarget { get; init; } = 5_000;

    /// <summary>The most samples that are kept of one series; 12,288. The oldest leave first. From 2 to 10000000.</summary>
    [Range(2, 10_000_000)]
    public int MaxSamplesPerSeries { get; init; } = 12_288;

    /// <summary>The most scrapes at the same time; 256. From 1 to 100000.</summary>
    [Range(1, 100_000)]
    public int MaxConcurrentScrapes { get; init; } = 256;

    /// <summary>The most series that pushes may make, over all apps; 10,000. From 1 to 10000000.</summary>
    [Range(1, 10_000_000)]
    public int MaxPushedSeries { get; init; } = 10_000;

    /// <summary>Checks what the types do not.</summary>
    /// <exception cref="ArgumentException">An option cannot be used; the message names it.</exception>
    internal void Check()
    {
        OptionRanges.Check(this);
        Address(Scheduler, nameof(Scheduler));
        Address(Master, nameof(Master));
        Address(Prometheus, nameof(Prometheus));
        Address(RabbitMq, nameof(RabbitMq));
        if (Prometheus is not null && SourceServer.OwnParameter(Prometheus) is { } parameter)
            throw new ArgumentException(
                $"{nameof(Prometheus)}: the parameter '{parameter}' is the query's own", nameof(Prometheus));
        if (RabbitMq?.Query.Length > 1)
            throw new ArgumentException($"{nameof(RabbitMq)}: the address has no query", nameof(RabbitMq));
        Address(Eureka, nameof(Eureka));
        foreach (var other in OtherSchedulers) Address(other, nameof(OtherSchedulers));
        foreach (var other in OtherMasters) Address(other, nameof(OtherMasters));
        foreach (var other in OtherEurekas) Address(other, nameof(OtherEurekas));
    }

    private static AddressList? List(Uri? first, IReadOnlyList<Uri> others) =>
        first is null ? null : new AddressList([first, .. others]);

    // Addresses are shown and logged, so that a secret in one would be too.
    private static void Address(Uri? address, string name)
    {
        if (address is null) return;
        if (!address.IsAbsoluteUri || address.Scheme is not ("http" or "https"))
            throw new ArgumentException($"{name}: an http or https address is needed", name);
        if (address.UserInfo.Length > 0)
            throw new ArgumentException(
                $"{name}: a password in an address would be logged; give it in a file through {nameof(Credentials)}", name);
    }

    /// <summary><see cref="Staleness"/> or its default.</summary>
    internal TimeSpan EffectiveStaleness => Staleness ?? Core.Windows.Staleness.Default(Interval);
}
