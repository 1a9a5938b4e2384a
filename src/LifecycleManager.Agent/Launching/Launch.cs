using LifecycleManager.Agent.Checkpoints;

namespace LifecycleManager.Agent.Launching;

/// <summary>A launch.</summary>
/// <param name="Record">The task.</param>
/// <param name="Meta">Its directory for what recovery needs.</param>
/// <param name="Sandbox">Its working directory.</param>
/// <param name="WasRunning">Whether it was reported as running: then it is only looked for.</param>
/// <param name="IsRecovered">Whether an earlier agent may have launched it.</param>
/// <param name="Progress">Told what takes time, such as a pull.</param>
internal sealed record Launch(
    TaskRecord Record, string Meta, string Sandbox, bool WasRunning, bool IsRecovered, Action<string> Progress);
