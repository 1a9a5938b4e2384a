using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Launching;
using LifecycleManager.Agent.Sandboxes;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Containerizers;

/// <summary>Makes containers of one kind and finds them again after the agent's restart.</summary>
internal interface IContainerizer
{
    /// <summary><c>docker</c> or <c>process</c>.</summary>
    string Name { get; }

    /// <summary>Whether tasks of this kind can be launched now.</summary>
    bool Available { get; }

    /// <summary>Why a task cannot be run as described; null when it can. No side effects.</summary>
    string? WhyInvalid(TaskRecord record);

    /// <summary>What the task's sandbox is before anything is fetched into it.</summary>
    /// <exception cref="LaunchException">Its user does not exist.</exception>
    SandboxPlan PlanOf(TaskRecord record);

    /// <summary>Whether an earlier agent may have begun to run the task: then its sandbox is in use.</summary>
    bool WasBegun(Launch launch);

    /// <summary>
    /// Launches the container, or finds it when an earlier call has launched it, in this process or before a crash: however
    /// often it is called, the task runs at most once.
    /// </summary>
    /// <param name="launch">What to launch.</param>
    /// <param name="killed">Cancelled when the task is to end before it runs; nothing of it is left then.</param>
    /// <param name="stopping">Cancelled when the agent stops; what was launched runs on.</param>
    /// <exception cref="LaunchException">It cannot be launched; nothing of it is left.</exception>
    /// <exception cref="ContainerNotFoundException">It was running once, and cannot be found.</exception>
    /// <exception cref="OperationCanceledException">One of the tokens was cancelled.</exception>
    Task<IContainer> LaunchAsync(Launch launch, CancellationToken killed, CancellationToken stopping);

    /// <summary>Removes what a crash may have left of an ended task.</summary>
    Task RemoveAsync(string containerId, CancellationToken stopping);
}

/// <summary>A running container.</summary>
internal interface IContainer
{
    /// <summary>
    /// The task by the mark that the container bears, looked at when its record was lost; null when there is none.
    /// </summary>
    TaskRecord? Mark { get; }

    /// <summary>Its id, addresses and main process.</summary>
    ContainerStatus Status { get; }

    /// <summary>Completes when all of it has ended and its output is in the sandbox; is cancelled when the agent stops.</summary>
    Task<ContainerExit> Exit { get; }

    /// <summary>
    /// Asks it to end: SIGTERM, and SIGKILL after the grace period. Called again, the earlier end of both periods counts.
    /// </summary>
    Task StopAsync(TimeSpan grace, CancellationToken stopping);

    /// <summary>Runs a command inside, for a check.</summary>
    /// <returns>Its exit code.</returns>
    Task<int> ExecuteAsync(CommandInfo command, CancellationToken cancellation);

    /// <summary>Begins a command beside the task, with its streams.</summary>
    /// <exception cref="IOException">It cannot be begun; the message says why.</exception>
    Task<ISessionProcess> BeginAsync(SessionStart start, CancellationToken cancellation);

    /// <summary>The host and port at which the agent reaches a port of the task.</summary>
    (string Host, int Port) Reach(int port);

    /// <summary>What it uses; null when that cannot be said now.</summary>
    Task<ContainerStatistics?> UsageAsync(CancellationToken cancellation);
}

/// <summary>How a container ended.</summary>
/// <param name="Code">Its exit code, 128 + N when signal N ended it; null when nobody knows.</param>
/// <param name="MemoryLimit">Whether it was killed for its memory limit.</param>
/// <param name="Message">More for people, or null.</param>
internal sealed record ContainerExit(int? Code, bool MemoryLimit = false, string? Message = null);

/// <summary>What a container uses and may use.</summary>
internal sealed record ContainerStatistics
{
    public required DateTimeOffset Time { get; init; }

    /// <summary>Cpu time in seconds.</summary>
    public double? CpuUser { get; init; }

    public double? CpuSystem { get; init; }

    public long? Throttled { get; init; }

    public double? ThrottledSeconds { get; init; }

    /// <summary>Resident memory in bytes.</summary>
    public long? MemoryRss { get; init; }

    /// <summary>All memory that is accounted to it, in bytes.</summary>
    public long? MemoryTotal { get; init; }

    public long? MemoryLimit { get; init; }

    public int? Processes { get; init; }

    /// <summary>Network traffic; null where the container has no network of its own.</summary>
    public long? NetRxBytes { get; init; }

    public long? NetTxBytes { get; init; }

    public long? NetRxPackets { get; init; }

    public long? NetTxPackets { get; init; }

    public long? NetRxErrors { get; init; }

    public long? NetTxErrors { get; init; }

    public long? NetRxDropped { get; init; }

    public long? NetTxDropped { get; init; }
}

/// <summary>A container that was running cannot be found any more.</summary>
internal sealed class ContainerNotFoundException(string message) : Exception(message);
