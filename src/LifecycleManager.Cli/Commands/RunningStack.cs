namespace LifecycleManager.Cli.Commands;

/// <summary>Where the roles of <c>lcm up</c> answer.</summary>
/// <param name="Master">The master's address.</param>
/// <param name="Scheduler">The scheduler's address.</param>
/// <param name="Manager">The manager's address.</param>
/// <param name="Docker">The Docker engine that the agents use; nobody may answer there.</param>
public sealed record RunningStack(Uri Master, Uri Scheduler, Uri Manager, Uri Docker);
