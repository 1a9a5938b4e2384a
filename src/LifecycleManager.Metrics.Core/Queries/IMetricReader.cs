namespace LifecycleManager.Metrics.Core.Queries;

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
    /// <summary>Whether what should tell the value answers, with or without a value.</summary>
    public SourceState Source { get; init; } = Missing is null ? SourceState.Answers : SourceState.Unasked;

    /// <summary>Of what kind it is that there is no value.</summary>
    public Absence Absence { get; init; } = Missing is null ? Absence.None : Absence.Missing;

    /// <summary>
    /// What the value can be, with what the silent instances could still make of it; a point where none is silent. Where the
    /// reader does not say, every instance that took no part may change it to anything.
    /// </summary>
    public Interval Range { get; init; } = Missing is not null ? Interval.Unknown : Instances > Reporting ? Interval.Open : Value;

    /// <summary>
    /// The least that it can be if no silent instance has a value below 0, and with none for the instances that start or are
    /// idle: what growth is reckoned with, as the HPA takes silent and unready pods for idle ones when it grows.
    /// </summary>
    public double Floor { get; init; } = Missing is null && Instances > Reporting ? double.NegativeInfinity : Value;

    /// <summary>How many instances should report and do not; those that start are not among them.</summary>
    public int Silent { get; init; } = Math.Max(0, Instances - Reporting);

    /// <summary>
    /// How many instances report and have samples for a part of the window only, so that their value is a bound.
    /// </summary>
    public int Unfilled { get; init; }

    /// <summary>What the source remarks on the query, which takes nothing from the value; for people. Null for nothing.</summary>
    public string? Note { get; init; }

    /// <summary>Whether there is a value. NaN and infinities are never known.</summary>
    public bool IsKnown => Missing is null;

    /// <summary>A reading without a value.</summary>
    public static MetricReading Unknown(string reason, int instances = 0) => new(double.NaN, reason, 0, instances, default);
}

/// <summary>Of what kind it is that a reading has no value.</summary>
public enum Absence
{
    /// <summary>It has one.</summary>
    None,

    /// <summary>What should tell it does not: nothing is known.</summary>
    Missing,

    /// <summary>
    /// What should tell it answers and has nothing to tell: nobody called, no observation within the window. It is zero load.
    /// </summary>
    Idle,

    /// <summary>Every instance that could tell it starts, and what an instance does while it starts says nothing.</summary>
    Starting,
}

/// <summary>How it stands with what should tell a value.</summary>
public enum SourceState
{
    /// <summary>
    /// Nobody is to be asked, or was asked yet: no instance, one that starts, a policy that has just been loaded.
    /// </summary>
    Unasked,

    /// <summary>It answers; it may have nothing to tell, since nobody called or there is no such series yet.</summary>
    Answers,

    /// <summary>It does not answer: a scrape failed or is overdue, or what was pushed has stopped to come.</summary>
    Silent,
}

/// <summary>One instance's share of a reading.</summary>
/// <param name="InstanceId">The task or instance id.</param>
/// <param name="Value">The value; NaN where there is none.</param>
/// <param name="Ready">Whether the instance is healthy and past its start-up time.</param>
/// <param name="Missing">Why there is no value; null where there is one.</param>
public readonly record struct InstanceReading(string InstanceId, double Value, bool Ready, string? Missing)
{
    /// <summary>
    /// Whether it should have a value: it is ready, or was and has become unhealthy. One that still starts should not, nor one
    /// that answers and has counted nothing yet; what such a one says carries no growth.
    /// </summary>
    public bool Expected { get; init; } = Ready;

    /// <summary>
    /// What the value can really be: a point, unless samples are missing in the window; nothing known where there is none.
    /// </summary>
    public Interval Range { get; init; } = Missing is null ? Value : Interval.Unknown;
}
