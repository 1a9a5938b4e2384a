namespace LifecycleManager.Scheduler.Definitions;

/// <summary>From JSON to definitions.</summary>
public static class AppDefinitions;
