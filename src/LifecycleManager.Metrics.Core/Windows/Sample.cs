namespace LifecycleManager.Metrics.Core.Windows;

/// <summary>One value at one time.</summary>
/// <param name="Time">Milliseconds since 1970.</param>
/// <param name="Value">The value.</param>
public readonly record struct Sample(long Time, double Value);
