namespace LifecycleManager.Scheduler.Events;

/// <summary>The event bus has as many subscribers as it takes: 503.</summary>
internal sealed class TooManySubscribersException() : Exception("too many event streams are open");
