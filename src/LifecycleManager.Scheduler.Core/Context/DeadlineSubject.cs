namespace LifecycleManager.Scheduler.Core.Context;

/// <summary>What a deadline is about: an instance's task id, or a deployment's id.</summary>
internal readonly record struct DeadlineSubject(DeadlineKind Kind, string Id);

internal enum DeadlineKind
{
    Instance,
    Deployment,
}
