namespace LifecycleManager.Scheduler.Core.Definitions.Labels;

/// <summary>Which of the fitting agents to prefer.</summary>
public enum PlacementStrategy
{
    /// <summary>Few instances of the app on each agent, then the agent with most free.</summary>
    Spread,

    /// <summary>The agent with least free, so that others stay empty.</summary>
    BinPacking,

    /// <summary>Any.</summary>
    Random,
}
