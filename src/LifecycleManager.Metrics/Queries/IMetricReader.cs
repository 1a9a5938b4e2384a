namespace LifecycleManager.Metrics.Queries;

/// <summary>The seam between the collector and those who read metrics: the decision engine, its replay and its tests.</summary>
public interface IMetricReader
{
    /// <summary>Reads one metric of one app, joined over its instances.</summary>
    /// <param name="appId">The absolute app id, for example <c>/brownfield/search</c>.</param>
    /// <param name="query">What to read.</param>
    /// <param name="now">The instant the windows end at.</param>
    MetricReading Read(string appId, MetricQuery query, DateTimeOffset now);

    /// <summary>
    /// Reads one metric per instance, for algorithms that treat missing and not-yet-ready instances apart (as the HPA does).
    /// Appends to <paramref name="into"/>, one entry per known instance of the app; empty for sources that have no instances.
    /// </summary>
    void ReadInstances(string appId, MetricQuery query, DateTimeOffset now, ICollection<InstanceReading> into);
}

/// <summary>The answer to one <see cref="MetricQuery"/>.</summary>
/// <param name="Value">The value; NaN where <see cref="IsKnown"/> is false.</param>
/// <param name="Missing">Why there is no value, for people; null where there is one.</param>
/// <param name="Reporting">How many instances took part.</param>
/// <param name="Instances">How many instances the app has.</param>
/// <param name="NewestSample">The time of the newest sample that took part; default where there is none.</param>
public readonly record struct MetricReading(
    double Value, string? Missing, int Reporting, int Instances, DateTimeOffset NewestSample)
{
    /// <summary>
    /// Whether there is no value since what should tell it does not answer: a scrape failed or is overdue. Not where it answers and has
    /// nothing to tell (nobody called, no such series yet), nor where nobody is to be asked (no instance, one not scraped yet).
    /// </summary>
    public bool IsSourceSilent { get; init; }

    /// <summary>Whether there is a value. NaN and infinities are never known.</summary>
    public bool IsKnown => Missing is null;

    /// <summary>A reading without a value.</summary>
    public static MetricReading Unknown(string reason, int instances = 0) => new(double.NaN, reason, 0, instances, default);
}

/// <summary>One instance's share of a reading.</summary>
/// <param name="InstanceId">The task or instance id.</param>
/// <param name="Value">The value; NaN where there is none.</param>
/// <param name="Ready">Whether the instance is healthy and past its start-up time.</param>
/// <param name="Missing">Why there is no value; null where there is one.</param>
public readonly record struct InstanceReading(string InstanceId, double Value, bool Ready, string? Missing);
