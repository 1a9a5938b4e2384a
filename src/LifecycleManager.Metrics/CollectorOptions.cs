using LifecycleManager.Metrics.Discovery;
using LifecycleManager.Runtime.Reconnecting;

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

    /// <summary>The Prometheus server that evaluates PromQL; null: such metrics are missing.</summary>
    public Uri? Prometheus { get; init; }

    /// <summary>RabbitMQ's management API, <c>http://rabbit:15672</c>; null: queue depths are missing.</summary>
    public Uri? RabbitMq { get; init; }

    /// <summary>Further addresses of the scheduler: its standbys. The first that answers is asked.</summary>
    public IReadOnlyList<Uri> OtherSchedulers { get; init; } = [];

    /// <summary>Further addresses of the master: its standbys.</summary>
    public IReadOnlyList<Uri> OtherMasters { get; init; } = [];

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

    /// <summary>Time between two scrapes of a target; 15 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The longest that a scrape may take, all its requests together; 5 s. The next one waits for its end.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time between two polls of the scheduler (and of the master); 10 s. Its events are followed besides.</summary>
    public TimeSpan DiscoveryInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a sample stands for the present. Null: three intervals, at most 5 minutes. An instance without a younger sample
    /// is missing, whatever the window.
    /// </summary>
    public TimeSpan? Staleness { get; init; }

    /// <summary>
    /// How long an instance runs before it counts as ready, on top of its health checks; 10 s. An app's label
    /// <c>lcm.metrics.startup</c> (<c>45s</c>, <c>2m</c>) replaces it.
    /// </summary>
    public TimeSpan StartupTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The longest body that is read of any answer, after decompression; 10 MiB. A longer one fails the scrape.
    /// </summary>
    public int MaxBodyBytes { get; init; } = 10 * 1024 * 1024;

    /// <summary>The most samples in one scrape, wanted or not; 50,000. More fail the scrape.</summary>
    public int MaxSamplesPerScrape { get; init; } = 50_000;

    /// <summary>The most series that are kept of one target; 5,000. More fail the scrape.</summary>
    public int MaxSeriesPerTarget { get; init; } = 5_000;

    /// <summary>The most samples that are kept of one series; 4,096. The oldest leave first.</summary>
    public int MaxSamplesPerSeries { get; init; } = 4_096;

    /// <summary>The most scrapes at the same time; 256.</summary>
    public int MaxConcurrentScrapes { get; init; } = 256;

    /// <summary>The most series that pushes may make, over all apps; 10,000.</summary>
    public int MaxPushedSeries { get; init; } = 10_000;

    /// <summary>Checks what the types do not.</summary>
    /// <exception cref="ArgumentException">An option cannot be used; the message names it.</exception>
    internal void Check()
    {
        Positive(Interval, nameof(Interval));
        Positive(Timeout, nameof(Timeout));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Timeout, TimeSpan.FromDays(1), nameof(Timeout));
        Positive(DiscoveryInterval, nameof(DiscoveryInterval));
        if (Staleness is { } staleness) Positive(staleness, nameof(Staleness));
        ArgumentOutOfRangeException.ThrowIfNegative(StartupTime.Ticks, nameof(StartupTime));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBodyBytes, 1024, nameof(MaxBodyBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxSamplesPerScrape, 1, nameof(MaxSamplesPerScrape));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxSeriesPerTarget, 1, nameof(MaxSeriesPerTarget));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxSamplesPerSeries, 2, nameof(MaxSamplesPerSeries));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConcurrentScrapes, 1, nameof(MaxConcurrentScrapes));
        Address(Scheduler, nameof(Scheduler));
        Address(Master, nameof(Master));
        Address(Prometheus, nameof(Prometheus));
        Address(RabbitMq, nameof(RabbitMq));
        Address(Eureka, nameof(Eureka));
        foreach (var other in OtherSchedulers) Address(other, nameof(OtherSchedulers));
        foreach (var other in OtherMasters) Address(other, nameof(OtherMasters));
        foreach (var other in OtherEurekas) Address(other, nameof(OtherEurekas));

        static void Positive(TimeSpan time, string name) =>
            ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.FromMilliseconds(10), name);
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
