// Holds the place of the definitions until they arrive from their own branch; remove it in that merge.
namespace LifecycleManager.Scheduler.Definitions;

public readonly record struct AppId(string Path);

public sealed record AppDefinition;

public sealed record GroupDefinition;
