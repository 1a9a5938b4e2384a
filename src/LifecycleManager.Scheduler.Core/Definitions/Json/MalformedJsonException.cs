namespace LifecycleManager.Scheduler.Core.Definitions.Json;

/// <summary>A body that is no JSON: 400.</summary>
internal sealed class MalformedJsonException(string reason) : Exception(reason);
