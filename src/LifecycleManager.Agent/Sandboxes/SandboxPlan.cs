using LifecycleManager.Agent.Linux;

namespace LifecycleManager.Agent.Sandboxes;

/// <summary>What a task's sandbox is before anything is fetched into it.</summary>
/// <param name="User">Whose it is, and who fetches; null for the agent's own user.</param>
/// <param name="Links">Links of its volumes: their paths in it, and where they lead.</param>
internal sealed record SandboxPlan(UserAccount? User, IReadOnlyList<(string Name, string Target)> Links);
