using LifecycleManager.Scheduler.Core.Events;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Context;

/// <summary>
/// What the owners of the state share: the options, randomness, deadlines, and the effects that follow from the inputs.
/// </summary>
internal sealed class CoreContext(CoreOptions options, Random random)
{
    /// <summary>What waits for something that no deadline can name is looked at again after this.</summary>
    public static readonly TimeSpan RecheckInterval = TimeSpan.FromSeconds(1);

    public CoreOptions Options { get; } = options;

    public Random Random { get; } = random;

    /// <summary>Which apps may be started.</summary>
    public AdmissionGate Admission { get; } = new(options.Admission);

    /// <summary>What is due for instances and deployments, in one order.</summary>
    public DeadlineQueue<DeadlineSubject> Deadlines { get; } = new();

    /// <summary>What follows from the inputs since they were last taken.</summary>
    public Effects Effects { get; set; } = new();

    public void Publish(SchedulerEventMessage message) => Effects.Events.Add(message);

    /// <summary>A random id, as a deployment has it.</summary>
    public Guid NewGuid()
    {
        var bytes = new byte[16];
        Random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
