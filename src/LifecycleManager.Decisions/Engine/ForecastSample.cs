namespace LifecycleManager.Decisions.Engine;

/// <summary>What a forecast saw at a tick.</summary>
/// <param name="Metric">The metric as the rule writes it.</param>
/// <param name="Step">The width of the forecast's buckets.</param>
/// <param name="Season">After how long its pattern repeats.</param>
/// <param name="Value">The value; NaN where it is unknown.</param>
public readonly record struct ForecastSample(string Metric, TimeSpan Step, TimeSpan Season, double Value);
