using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Discovery.Eureka;

/// <summary>What Eureka is to say of an instance.</summary>
internal enum EurekaStatus
{
    /// <summary>It gets work.</summary>
    Up,

    /// <summary>It has never passed its checks, or is not ready.</summary>
    Starting,

    /// <summary>It fails a check, or its agent does not answer.</summary>
    Down,

    /// <summary>It is about to end: it gets no more work, and finishes what it has.</summary>
    OutOfService,

    /// <summary>
    /// What Eureka says already: it has come up once, and a scheduler that has just begun to lead has yet to see how it is.
    /// </summary>
    AsItIs,
}

/// <summary>Reads and writes them.</summary>
internal static class EurekaStatuses
{
    /// <summary>As an instance is shown; null for one that Eureka is to know nothing of: it is not up, or stands by.</summary>
    public static EurekaStatus? Of(App app, AppTask task) => task switch
    {
        { InService: false } => null,
        { State: "TASK_KILLING" } => EurekaStatus.OutOfService,
        { State: "TASK_UNREACHABLE" } => EurekaStatus.Down,
        not { State: "TASK_RUNNING" } => null,
        { Started: false } => EurekaStatus.Starting,
        { HealthCheckResults: { Count: > 0 } results } =>
            results.All(result => result.Alive) ? EurekaStatus.Up : EurekaStatus.Down,
        _ => app.HealthChecks is { Count: > 0 } ? EurekaStatus.AsItIs : EurekaStatus.Up,
    };

    /// <summary>Eureka's word; of one that is as it is and not known to Eureka, that it starts.</summary>
    public static string Text(this EurekaStatus status) => status switch
    {
        EurekaStatus.Up => "UP",
        EurekaStatus.Down => "DOWN",
        EurekaStatus.OutOfService => "OUT_OF_SERVICE",
        _ => "STARTING",
    };
}
