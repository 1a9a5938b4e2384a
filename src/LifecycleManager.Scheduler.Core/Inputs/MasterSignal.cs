using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Scheduler.Core.Inputs;

/// <summary>
/// What comes from the master. <paramref name="Session"/> numbers the subscriptions: a call made within one is never sent within
/// another, since its offers and order mean nothing there.
/// </summary>
internal abstract record MasterSignal(long Session);

/// <summary>The first event of a stream.</summary>
internal sealed record MasterSubscribed(long Session, Uri Master, FrameworkId FrameworkId) : MasterSignal(Session);

/// <summary>Any later event, but heartbeats.</summary>
internal sealed record MasterEvent(long Session, SchedulerEvent Event) : MasterSignal(Session);

/// <summary>The stream has ended.</summary>
internal sealed record MasterLost(long Session, Uri Master, string Reason) : MasterSignal(Session);
