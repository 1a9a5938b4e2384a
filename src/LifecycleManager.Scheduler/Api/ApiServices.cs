using System.Globalization;
using System.Runtime.CompilerServices;
using LifecycleManager.Scheduler.Core.Definitions;

namespace LifecycleManager.Scheduler.Api;

/// <summary>What the handlers share.</summary>
internal sealed class ApiServices
{
    /// <summary>How many times larger a body may be that holds many definitions.</summary>
    public const int ManyFactor = 16;

    private readonly string _instance = Guid.NewGuid().ToString("N")[..8];
    private readonly ConditionalWeakTable<object, string> _tags = [];
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
    /// A tag that is the same as long as what an answer is made of is: parts of snapshots are immutable and shared while nothing
    /// changes them, so that no answer has to be made to know it.
    /// </summary>
    public string Tag(IEnumerable<object> parts) => $"W/\"{_instance}-{string.Join('-', parts.Select(Number))}\"";

    private string Number(object part) =>
        _tags.GetValue(part, _ => Interlocked.Increment(ref _count).ToString(CultureInfo.InvariantCulture));
}
