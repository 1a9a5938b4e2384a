using System.Text.Json;

namespace LifecycleManager.Protocol.Marathon;

/// <summary>An instance, as <c>/v2/tasks</c> shows it.</summary>
public sealed record AppTask
{
    /// <summary>The task's id.</summary>
    public required string Id { get; init; }

    /// <summary>The app.</summary>
    public required string AppId { get; init; }

    /// <summary>The agent's host name.</summary>
    public string? Host { get; init; }

    /// <summary>The host ports.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [];

    /// <summary>The agent.</summary>
    public string? SlaveId { get; init; }

    /// <summary>Mesos' state, <c>TASK_RUNNING</c>.</summary>
    public string? State { get; init; }

    /// <summary>When it was sent to the agent.</summary>
    public string? StagedAt { get; init; }

    /// <summary>When it ran.</summary>
    public string? StartedAt { get; init; }

    /// <summary>The version of the app that it runs.</summary>
    public string? Version { get; init; }

    /// <summary>The verdicts of the health checks; absent before the first.</summary>
    public IReadOnlyList<HealthCheckResult>? HealthCheckResults { get; init; }

    /// <summary>Addresses of the task.</summary>
    public IReadOnlyList<TaskIpAddress>? IpAddresses { get; init; }

    /// <summary>Service ports.</summary>
    public IReadOnlyList<int>? ServicePorts { get; init; }

    /// <summary>Region of the agent.</summary>
    public string? Region { get; init; }

    /// <summary>Zone of the agent.</summary>
    public string? Zone { get; init; }

    /// <summary>The role of its resources.</summary>
    public string? Role { get; init; }

    /// <summary>False for an instance that stands by in a blue-green deployment and gets no work; else absent.</summary>
    public bool? InService { get; init; }

    /// <summary>
    /// False for an instance that has yet to come up: it has never passed all its health checks, or is not ready; else absent.
    /// </summary>
    public bool? Started { get; init; }
}

/// <summary>An address of a task.</summary>
public sealed record TaskIpAddress(string IpAddress, string Protocol);

/// <summary>A health check's verdict on an instance.</summary>
public sealed record HealthCheckResult
{
    /// <summary>Whether the last checks passed.</summary>
    public bool Alive { get; init; }

    /// <summary>Failures in a row.</summary>
    public int ConsecutiveFailures { get; init; }

    /// <summary>The first success.</summary>
    public string? FirstSuccess { get; init; }

    /// <summary>The last success.</summary>
    public string? LastSuccess { get; init; }

    /// <summary>The last failure.</summary>
    public string? LastFailure { get; init; }

    /// <summary>Why it failed last.</summary>
    public string? LastFailureCause { get; init; }

    /// <summary>The instance.</summary>
    public string? InstanceId { get; init; }
}

/// <summary>The last failed instance of an app.</summary>
public sealed record TaskFailure
{
    /// <summary>The app.</summary>
    public required string AppId { get; init; }

    /// <summary>The host.</summary>
    public string? Host { get; init; }

    /// <summary>Why.</summary>
    public string? Message { get; init; }

    /// <summary>Mesos' state.</summary>
    public string? State { get; init; }

    /// <summary>The task.</summary>
    public string? TaskId { get; init; }

    /// <summary>When.</summary>
    public string? Timestamp { get; init; }

    /// <summary>The app's version.</summary>
    public string? Version { get; init; }

    /// <summary>The agent.</summary>
    public string? SlaveId { get; init; }
}

/// <summary><c>GET /v2/apps</c>.</summary>
public sealed record AppList(IReadOnlyList<App> Apps);

/// <summary><c>GET /v2/apps/{id}</c>.</summary>
public sealed record AppAnswer(App App);

/// <summary><c>GET /v2/tasks</c> and <c>/v2/apps/{id}/tasks</c>.</summary>
public sealed record TaskList(IReadOnlyList<AppTask> Tasks);

/// <summary><c>GET /v2/apps/{id}/versions</c>.</summary>
public sealed record VersionList(IReadOnlyList<string> Versions);

/// <summary>The answer to a change that made a deployment.</summary>
public sealed record DeploymentResult
{
    /// <summary>The version that the change made.</summary>
    public required string Version { get; init; }

    /// <summary>The deployment that carries it out.</summary>
    public required string DeploymentId { get; init; }

    /// <summary>What the scheduler kept in place of a requested value and why; absent where it took everything.</summary>
    public string? Message { get; init; }
}

/// <summary>A deployment under way.</summary>
public sealed record Deployment
{
    /// <summary>How many apps and pods it changes that the caller may not see; null for none. Not one of Marathon's.</summary>
    public int? OthersAffected { get; init; }

    /// <summary>The id.</summary>
    public required string Id { get; init; }

    /// <summary>The version that it leads to.</summary>
    public required string Version { get; init; }

    /// <summary>The apps it changes.</summary>
    public IReadOnlyList<string> AffectedApps { get; init; } = [];

    /// <summary>Pods it changes.</summary>
    public IReadOnlyList<string> AffectedPods { get; init; } = [];

    /// <summary>All steps in order.</summary>
    public IReadOnlyList<DeploymentStep> Steps { get; init; } = [];

    /// <summary>The actions of the current step.</summary>
    public IReadOnlyList<DeploymentAction> CurrentActions { get; init; } = [];

    /// <summary>The current step, from 1.</summary>
    public int CurrentStep { get; init; }

    /// <summary>How many steps.</summary>
    public int TotalSteps { get; init; }

    /// <summary>Why it rests; absent while it goes on.</summary>
    public DeploymentPause? Paused { get; init; }
}

/// <summary>A deployment's rest.</summary>
public sealed record DeploymentPause
{
    /// <summary>Since when all is done that the step does; absent where somebody paused it in the middle.</summary>
    public string? Since { get; init; }

    /// <summary>When it goes on by itself; absent where it waits to be promoted or resumed.</summary>
    public string? Until { get; init; }

    /// <summary>What it waits for, for people.</summary>
    public required string Message { get; init; }
}

/// <summary>How an app's blue-green deployment stands.</summary>
public sealed record BlueGreenState
{
    /// <summary>The app.</summary>
    public required string App { get; init; }

    /// <summary>The deployment.</summary>
    public required string DeploymentId { get; init; }

    /// <summary><c>starting</c>, <c>ready</c>, <c>switched</c>, <c>ending</c> or <c>aborting</c>.</summary>
    public required string State { get; init; }

    /// <summary>What is missing before it can switch; empty when nothing is.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>The version that served when it began.</summary>
    public required BlueGreenSide Blue { get; init; }

    /// <summary>The version that is to serve.</summary>
    public required BlueGreenSide Green { get; init; }

    /// <summary>When it goes on by itself; absent where it waits for a word or is not ready.</summary>
    public string? Until { get; init; }
}

/// <summary>One of the two versions.</summary>
public sealed record BlueGreenSide
{
    /// <summary>Whether it is the one that serves.</summary>
    public required bool InService { get; init; }

    /// <summary>The wanted count; of blue after the switch, 0.</summary>
    public required int Instances { get; init; }

    /// <summary>Instances that run.</summary>
    public required int Running { get; init; }

    /// <summary>Instances that run, pass all their health checks and are ready.</summary>
    public required int Healthy { get; init; }
}

/// <summary>Actions that go on side by side.</summary>
public sealed record DeploymentStep(IReadOnlyList<DeploymentAction> Actions);

/// <summary>
/// One action: <c>StartApplication</c>, <c>ScaleApplication</c>, <c>RestartApplication</c>, <c>StopApplication</c>; of a pod
/// <c>StartPod</c>, <c>ScalePod</c>, <c>RestartPod</c>, <c>StopPod</c>.
/// </summary>
public sealed record DeploymentAction
{
    /// <summary>The kind.</summary>
    public required string Action { get; init; }

    /// <summary>The app; absent for a pod.</summary>
    public string? App { get; init; }

    /// <summary>The pod; absent for an app.</summary>
    public string? Pod { get; init; }

    /// <summary>Of a rollout in stages: <c>canary 25%</c>, <c>green</c> or <c>switched</c>.</summary>
    public string? Stage { get; init; }

    /// <summary>Results of readiness checks.</summary>
    public IReadOnlyList<JsonElement>? ReadinessCheckResults { get; init; }
}

/// <summary><c>GET /v2/queue</c>.</summary>
public sealed record LaunchQueue(IReadOnlyList<QueueItem> Queue);

/// <summary>Instances of one app that wait for an offer.</summary>
public sealed record QueueItem
{
    /// <summary>How many wait.</summary>
    public required int Count { get; init; }

    /// <summary>The launch delay.</summary>
    public required QueueDelay Delay { get; init; }

    /// <summary>Since when.</summary>
    public string? Since { get; init; }

    /// <summary>Why it is not launched whatever is offered: what is not admitted of it. Not Marathon's.</summary>
    public string? NotAdmitted { get; init; }

    /// <summary>The app; absent for a pod.</summary>
    public App? App { get; init; }

    /// <summary>The pod; absent for an app.</summary>
    public Pod? Pod { get; init; }

    /// <summary>What became of the offers.</summary>
    public QueueSummary? ProcessedOffersSummary { get; init; }

    /// <summary>The last offers that were refused, with their reasons.</summary>
    public IReadOnlyList<UnusedOffer>? LastUnusedOffers { get; init; }
}

/// <summary>A launch delay.</summary>
public sealed record QueueDelay(double TimeLeftSeconds, bool Overdue);

/// <summary>What became of the offers.</summary>
public sealed record QueueSummary
{
    /// <summary>How many were looked at.</summary>
    public int ProcessedOffersCount { get; init; }

    /// <summary>How many were refused.</summary>
    public int UnusedOffersCount { get; init; }

    /// <summary>The last refused.</summary>
    public string? LastUnusedOfferAt { get; init; }

    /// <summary>The last used.</summary>
    public string? LastUsedOfferAt { get; init; }

    /// <summary>Refusals by reason, of the last round of offers.</summary>
    public IReadOnlyList<RejectSummary> RejectSummaryLastOffers { get; init; } = [];

    /// <summary>Refusals by reason, since the launch was asked for.</summary>
    public IReadOnlyList<RejectSummary> RejectSummaryLaunchAttempt { get; init; } = [];
}

/// <summary>Refusals for one reason.</summary>
public sealed record RejectSummary(string Reason, int Declined, int Processed);

/// <summary>A refused offer.</summary>
public sealed record UnusedOffer
{
    /// <summary>The offer.</summary>
    public required JsonElement Offer { get; init; }

    /// <summary>When.</summary>
    public required string Timestamp { get; init; }

    /// <summary>Why, in Marathon's words.</summary>
    public required IReadOnlyList<string> Reason { get; init; }

    /// <summary>Why, for people.</summary>
    public string? Message { get; init; }
}
