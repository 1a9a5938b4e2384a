namespace LifecycleManager.Manager.Recording;

/// <summary>What was known of one metric when a decision was taken, down to the instances' samples.</summary>
/// <param name="Metric">The metric as the rules write it.</param>
/// <param name="Value">Joined over the instances; null where it was missing.</param>
/// <param name="Missing">Why it was missing; null where it was not.</param>
/// <param name="NewestSample">The time of the newest sample that took part; null where there was none.</param>
/// <param name="Reporting">How many instances took part.</param>
/// <param name="Instances">How many instances there were; 0 for a source without instances.</param>
/// <param name="Samples">The instances' own values: those of a bounded number of instances.</param>
internal sealed record MetricEvidence(
    string Metric,
    double? Value,
    string? Missing,
    DateTimeOffset? NewestSample,
    int Reporting,
    int Instances,
    IReadOnlyList<InstanceSample> Samples)
{
    /// <summary>
    /// The least that the value can be, with what silent instances could still make of it; null where there is no such bound.
    /// </summary>
    public double? Low { get; init; }

    /// <summary>The greatest that the value can be; null where there is no such bound.</summary>
    public double? High { get; init; }

    /// <summary>
    /// Of what kind it is that there is no value: <c>missing</c>, <c>idle</c> or <c>starting</c>; null where there is one, and on
    /// records of versions that did not tell them apart.
    /// </summary>
    public string? Absence { get; init; }

    /// <summary>What the source remarked on the query, which took nothing from the value; null for nothing.</summary>
    public string? Note { get; init; }

    /// <summary>How many instances should have reported and did not; those that started were not among them.</summary>
    public int Silent { get; init; }
}

/// <summary>One instance's value.</summary>
/// <param name="Instance">The task or instance id.</param>
/// <param name="Value">The value; null where it was missing.</param>
/// <param name="Ready">Whether the instance was healthy and past its start-up time.</param>
/// <param name="Missing">Why it was missing; null where it was not.</param>
internal sealed record InstanceSample(string Instance, double? Value, bool Ready, string? Missing);
