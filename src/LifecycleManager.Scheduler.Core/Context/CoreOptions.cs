using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Labels;

namespace LifecycleManager.Scheduler.Core.Context;

/// <summary>How the core decides.</summary>
internal sealed record CoreOptions
{
    /// <summary>The user that tasks run as where the app names none; empty for the agent's own.</summary>
    public string User { get; init; } = "";

    /// <summary>What of a definition is not admitted when the term begins; by default nothing.</summary>
    public Func<AppDefinition, IReadOnlyList<ChangeProblem>> Admission { get; init; } = _ => [];

    /// <summary>Which of the fitting agents to prefer, for apps that state no strategy.</summary>
    public PlacementStrategy Placement { get; init; }

    /// <summary>An instance that is not running by then is ended and launched anew.</summary>
    public TimeSpan LaunchTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A kill that has no effect is repeated after this.</summary>
    public TimeSpan KillRetry { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>All tasks are reconciled with the master's this often.</summary>
    public TimeSpan ReconciliationInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Old versions kept of each app and of the tree, beside those that something still uses.</summary>
    public int MaxVersions { get; init; } = 50;
}
