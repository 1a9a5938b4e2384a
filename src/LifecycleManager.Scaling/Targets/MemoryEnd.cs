namespace LifecycleManager.Scaling.Targets;

/// <summary>That an instance has ended since it needed more memory than it had.</summary>
/// <param name="App">The absolute app id.</param>
/// <param name="Instance">The instance's id.</param>
/// <param name="At">When, by the target's clock.</param>
public sealed record MemoryEnd(string App, string Instance, DateTimeOffset At);
