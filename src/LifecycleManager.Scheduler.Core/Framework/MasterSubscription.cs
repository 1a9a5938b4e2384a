using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Events;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Framework;

/// <summary>The subscription with the master, as the core sees it: who the framework is and whether calls can be sent.</summary>
internal sealed class MasterSubscription(CoreContext context, string? frameworkId)
{
    /// <summary>The framework's id, once the master has given one.</summary>
    public string? FrameworkId { get; private set; } = frameworkId;

    /// <summary>The subscription that the calls of the effects belong to.</summary>
    public long Session { get; private set; }

    /// <summary>The master in use, or null.</summary>
    public Uri? Master { get; private set; }

    public bool IsConnected => Master is not null;

    public void Subscribed(MasterSubscribed subscribed, ClockReading now)
    {
        var again = FrameworkId == subscribed.FrameworkId.Value;
        Session = subscribed.Session;
        Master = subscribed.Master;
        if (!again)
        {
            FrameworkId = subscribed.FrameworkId.Value;
            context.Effects.Put(SchedulerKeys.Framework, StateMapping.Write(new StoredFramework(FrameworkId),
                StoredJson.Default.StoredFramework));
        }

        context.Publish(again
            ? EventMessages.Reregistered(now.Wall, subscribed.Master.ToString())
            : EventMessages.Registered(now.Wall, FrameworkId!, subscribed.Master.ToString()));
    }

    public void Lost() => Master = null;

    /// <summary>A framework that was removed can never come back under its id; everything of it is gone with it.</summary>
    public void ForgetFramework()
    {
        FrameworkId = null;
        context.Effects.Delete(SchedulerKeys.Framework);
    }

    /// <summary>Adds a call to the effects; without a master there is nobody to call.</summary>
    public void Call(SchedulerCall call)
    {
        if (IsConnected && FrameworkId is { } id) context.Effects.Calls.Add(call with { FrameworkId = new FrameworkId(id) });
    }
}
