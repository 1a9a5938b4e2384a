using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.State;

namespace LifecycleManager.Scheduler.Api;

/// <summary>What the handlers share.</summary>
internal sealed class ApiServices
{
    /// <summary>How many times larger a body may be that holds many definitions.</summary>
    public const int ManyFactor = 16;

    private readonly Lock _lock = new();
    private readonly string _instance = Guid.NewGuid().ToString("N")[..8];
    private SchedulerSnapshot? _last;
    private long _count;

    public ApiServices(SchedulerService scheduler, SchedulerOptions options, TimeProvider time, CancellationToken stopping)
    {
        (Scheduler, Options, Time, Stopping) = (scheduler, options, time, stopping);
        Rules = new DefinitionRules { Role = options.Role };
    }

    public SchedulerService Scheduler { get; }

    public SchedulerOptions Options { get; }

    public TimeProvider Time { get; }

    /// <summary>The process ends: streams that would never end do.</summary>
    public CancellationToken Stopping { get; }

    public DefinitionRules Rules { get; }

    /// <summary>
    /// A tag that is the same as long as nothing at all has changed: all answers from one snapshot are alike, and no answer has to be
    /// made to know it.
    /// </summary>
    public string Tag(SchedulerSnapshot snapshot)
    {
        lock (_lock)
        {
            if (!ReferenceEquals(snapshot, _last)) (_last, _count) = (snapshot, _count + 1);
            return $"W/\"{_instance}-{_count}\"";
        }
    }
}
