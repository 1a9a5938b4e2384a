using LifecycleManager.Decisions.Engine;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Scaling.Recording;

namespace LifecycleManager.Scaling.Evaluation;

/// <summary>Reads what a decision rests on, for the record and for explanations.</summary>
internal static class Evidence
{
    /// <summary>
    /// Of so many instances the record keeps the samples; what is above says little more and would be kept 200 times an app.
    /// </summary>
    public const int MostRecorded = 10;

    /// <summary>Of so many instances an explanation of the present shows them.</summary>
    public const int MostExplained = 1_000;

    /// <summary>The metrics that an app's rules read, as of an instant.</summary>
    public static IReadOnlyList<MetricEvidence> Read(DecisionEngine engine, IMetricReader reader, string app, DateTimeOffset now,
        int mostInstances)
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
                [.. readings.Take(mostInstances)
                    .Select(one => new InstanceSample(one.InstanceId, Finite(one.Value), one.Ready, one.Missing))])
            {
                Low = Finite(reading.Range.Low),
                High = Finite(reading.Range.High),
                Silent = reading.IsKnown ? reading.Silent : 0,
            };
        }

        return evidence;
    }

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
