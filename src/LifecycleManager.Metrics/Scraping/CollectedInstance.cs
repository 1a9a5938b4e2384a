using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>One running instance: its address as last told, and everything collected of it.</summary>
internal sealed class CollectedInstance(Target target, TargetApp app)
{
    private Target _target = target;
    private TargetApp _app = app;
    private ContainerSet[] _container = [];
    private int _isUp;
    private bool _hasHealthJob;

    /// <summary>What the scheduler last said.</summary>
    public Target Target
    {
        get => Volatile.Read(ref _target);
        set => Volatile.Write(ref _target, value);
    }

    /// <summary>The app's labels.</summary>
    public TargetApp App
    {
        get => Volatile.Read(ref _app);
        set => Volatile.Write(ref _app, value);
    }

    /// <summary>Guards all series of the instance.</summary>
    public Lock SyncRoot { get; } = new();

    /// <summary>All sets; the owner's.</summary>
    public Dictionary<SeriesKey, SeriesSet> Sets { get; } = [];

    /// <summary>All endpoint jobs; the owner's.</summary>
    public Dictionary<EndpointKey, EndpointJob> Jobs { get; } = [];

    /// <summary>The container statistics that are wanted.</summary>
    public ContainerSet[] Container
    {
        get => Volatile.Read(ref _container);
        set => Volatile.Write(ref _container, value);
    }

    /// <summary>The cpu time at the last statistics, for the share; the agents' jobs own it.</summary>
    public CpuReading? LastCpu { get; set; }

    /// <summary>What its actuator last said of its health, where nobody else checks it; null where nothing is known.</summary>
    public bool? IsUp
    {
        get => Volatile.Read(ref _isUp) switch { 1 => true, 2 => false, _ => null };
        set => Volatile.Write(ref _isUp, value switch { true => 1, false => 2, null => 0 });
    }

    /// <summary>Whether somebody demands its actuator's health, so that a job of its own asks for it.</summary>
    public bool HasHealthJob
    {
        get => Volatile.Read(ref _hasHealthJob);
        set => Volatile.Write(ref _hasHealthJob, value);
    }

    /// <summary>Whether an endpoint of it has answered once; the owner's.</summary>
    public bool HasAnswered { get; set; }

    /// <summary>How long the app's instances take to start, as far as that is stated or learnt.</summary>
    public StartupTimes Startup { get; init; } = new();

    /// <summary>Whether it is healthy and past its start-up time.</summary>
    public bool IsReady(DateTimeOffset now, TimeSpan startup) =>
        Target is { Healthy: true } target && (target.IsChecked || IsUp != false) && IsExpected(now, startup);

    /// <summary>
    /// Whether it should report: it is past its start-up time and its health has been told, be it bad. What is overloaded is
    /// unhealthy and silent at once, and must not be taken for gone.
    /// </summary>
    public bool IsExpected(DateTimeOffset now, TimeSpan startup) =>
        Target is { Healthy: not null } && !(StartedUp(startup) > now);

    /// <summary>When it had started, or will have: its start-up time is over and it was healthy once; null where that is not
    /// known.</summary>
    /// <param name="startup">The start-up time where none is stated or learnt.</param>
    public DateTimeOffset? StartedUp(TimeSpan startup)
    {
        var target = Target;
        var started = target.Started + Startup.Of(startup).Time;
        return target.FirstHealthy > started ? target.FirstHealthy : started ?? target.FirstHealthy;
    }
}

/// <summary>A container statistic that somebody wants.</summary>
internal sealed record ContainerSet(string Statistic, SeriesSet Set);

/// <summary>Cpu time used up to a moment.</summary>
internal sealed record CpuReading(double Timestamp, double Seconds);
