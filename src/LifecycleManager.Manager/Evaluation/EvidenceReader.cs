using LifecycleManager.Decisions.Engine;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>Reads what a decision rests on, for the record and for explanations.</summary>
internal static class EvidenceReader
{
    /// <summary>
    /// The samples of so many instances are kept with a decision: more say little, and up to 200 decisions an app are kept.
    /// </summary>
    public const int MaxRecordedInstances = 10;

    /// <summary>The samples of so many instances are shown when the present is explained.</summary>
    public const int MaxExplainedInstances = 1_000;

    /// <summary>The metrics that an app's rules read, as of an instant.</summary>
    public static IReadOnlyList<MetricEvidence> Read(DecisionEngine engine, IMetricReader reader, string app, DateTimeOffset now,
        int maxInstances)
    {
        var queries = engine.Queries(app);
        if (queries.Count == 0) return [];
        var evidence = new MetricEvidence[queries.Count];
        var readings = new List<InstanceReading>();
        for (var i = 0; i < queries.Count; i++)
        {
            var (name, query) = queries[i];
            var reading = reader.Read(app, query, now);
            readings.Clear();
            reader.ReadInstances(app, query, now, readings);
            evidence[i] = new MetricEvidence(
                name,
                reading.IsKnown ? Finite(reading.Value) : null,
                reading.Missing,
                reading.NewestSample == default ? null : reading.NewestSample,
                reading.Reporting,
                reading.Instances,
                [.. readings.Take(maxInstances)
                    .Select(one => new InstanceSample(one.InstanceId, Finite(one.Value), one.Ready, one.Missing))])
            {
                Low = Finite(reading.Range.Low),
                High = Finite(reading.Range.High),
                Silent = reading.IsKnown ? reading.Silent : 0,
                Note = reading.Note,
                Absence = reading.Absence == Absence.None ? null : reading.Absence.ToString().ToLowerInvariant(),
            };
        }

        return evidence;
    }

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
