using System.Text.Json.Serialization;

namespace LifecycleManager.Metrics.Api;

/// <summary><c>GET /v1/targets</c>.</summary>
/// <param name="Scheduler">The state of the connection to the scheduler; null where none is configured.</param>
/// <param name="Targets">Everything that is asked: instances' endpoints, and sources that have no instances.</param>
internal sealed record TargetsAnswer(SchedulerAnswer? Scheduler, IReadOnlyList<TargetAnswer> Targets);

/// <summary>How it goes with the scheduler.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Up">Whether the last poll succeeded; while it did not, the targets are the last known.</param>
/// <param name="LastSuccess">The last poll that succeeded.</param>
/// <param name="LastError">Why the last poll failed.</param>
/// <param name="FollowsEvents">Whether its event stream is open.</param>
internal sealed record SchedulerAnswer(string Address, bool Up, DateTimeOffset? LastSuccess, string? LastError,
    bool FollowsEvents);

/// <summary>One target.</summary>
internal sealed record TargetAnswer
{
    /// <summary><c>actuator</c>, <c>health</c>, <c>text</c>, <c>promql</c>, <c>agent</c>, <c>master</c>, ...</summary>
    public required string Kind { get; init; }

    /// <summary>The app, where it is an instance's.</summary>
    public string? App { get; init; }

    /// <summary>The instance.</summary>
    public string? Instance { get; init; }

    /// <summary>Whether the instance is healthy and past its start-up time.</summary>
    public bool? Ready { get; init; }

    /// <summary>The address that is asked.</summary>
    public required string Address { get; init; }

    /// <summary><c>up</c>, <c>down</c>, or <c>unknown</c> before the first scrape.</summary>
    public required string State { get; init; }

    /// <summary>Why it is down.</summary>
    public string? LastError { get; init; }

    /// <summary>When it was last asked.</summary>
    public DateTimeOffset? LastScrape { get; init; }

    /// <summary>How long that took, seconds.</summary>
    public double? DurationSeconds { get; init; }

    /// <summary>How many samples the answer had, wanted or not.</summary>
    public int? Samples { get; init; }

    /// <summary>What is looked for.</summary>
    public IReadOnlyList<string> Selectors { get; init; } = [];

    /// <summary>Why some of it was not found, or refused, while the rest of the answer is fine; by selector.</summary>
    public IReadOnlyDictionary<string, string>? Problems { get; init; }

    /// <summary>What a server remarks on a query, which takes nothing from its value; by selector.</summary>
    public IReadOnlyDictionary<string, string>? Notes { get; init; }
}

/// <summary>The answer of <c>POST /v1/samples</c>.</summary>
/// <param name="Accepted">Samples that were kept.</param>
/// <param name="Unused">Samples that no policy reads; they were not kept.</param>
internal sealed record PushAnswer(int Accepted, int Unused);

/// <summary>What is wrong with a request.</summary>
internal sealed record ProblemAnswer(string Message);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TargetsAnswer))]
[JsonSerializable(typeof(PushAnswer))]
[JsonSerializable(typeof(ProblemAnswer))]
internal sealed partial class CollectorJson : JsonSerializerContext;
