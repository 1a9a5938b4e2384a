namespace LifecycleManager.Scheduler.Core.Execution;

/// <summary>
/// The requester's own function refuses; nothing has been changed. Anything else that is thrown is a defect of ours.
/// </summary>
internal sealed class RequestRefusedException(Exception inner) : Exception(inner.Message, inner);
