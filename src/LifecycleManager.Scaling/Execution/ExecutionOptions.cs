namespace LifecycleManager.Scaling.Execution;

/// <summary>How changes are carried out.</summary>
/// <param name="Parallelism">How many are made side by side, at least 1.</param>
/// <param name="FirstRetryDelay">
/// Before a change that failed is tried again; doubles with each failure in a row. More than zero.
/// </param>
/// <param name="MaxRetryDelay">The longest such delay. More than zero.</param>
public sealed record ExecutionOptions(int Parallelism, TimeSpan FirstRetryDelay, TimeSpan MaxRetryDelay);
