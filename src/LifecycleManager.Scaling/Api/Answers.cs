using System.Text.Json.Serialization;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Decisions.Tools;
using LifecycleManager.Scaling.Health;
using LifecycleManager.Scaling.Observability;
using LifecycleManager.Scaling.Pausing;
using LifecycleManager.Scaling.Recording;

namespace LifecycleManager.Scaling.Api;

/// <summary>An error: what is wrong, and which field or parameter.</summary>
internal sealed record ErrorAnswer(string Message, string? Field = null, string? Leader = null);

/// <summary><c>GET /v1/policies</c>.</summary>
internal sealed record PoliciesAnswer(
    IReadOnlyList<PolicyAnswer> Policies, IReadOnlyList<PolicyFileAnswer> Files, IReadOnlyList<PolicyProblemAnswer> Problems);

/// <summary>A policy in force.</summary>
internal sealed record PolicyAnswer
{
    public required string Name { get; init; }
    public required string File { get; init; }
    public required string Place { get; init; }

    /// <summary><c>inForce</c>, or <c>lastGood</c> where its file as it is now is refused.</summary>
    public required string State { get; init; }

    public required string App { get; init; }
    public required int Min { get; init; }
    public required int Max { get; init; }
    public required int Priority { get; init; }
    public required bool DryRun { get; init; }
    public required Pause Pause { get; init; }
    public required IReadOnlyList<string> Rules { get; init; }
    public required IReadOnlyList<string> Metrics { get; init; }
    public required IReadOnlyList<string> Apps { get; init; }
}

/// <summary>
/// A policy file. Its state is <c>inForce</c>, <c>lastGood</c> (refused, an older version is in force) or <c>refused</c>.
/// </summary>
internal sealed record PolicyFileAnswer(
    string File, string State, DateTimeOffset? LoadedAt, IReadOnlyList<string> Policies,
    IReadOnlyList<PolicyProblemAnswer> Problems);

/// <summary>What is wrong with a file.</summary>
internal sealed record PolicyProblemAnswer(
    string Place, string File, int Line, int Column, string Severity, string Message, string? Suggestion, string Code);

/// <summary><c>GET /v1/apps</c>.</summary>
internal sealed record AppsAnswer(IReadOnlyList<GovernedAppAnswer> Apps, int Ungoverned, DateTimeOffset? AsOf);

/// <summary>A governed app.</summary>
internal record GovernedAppAnswer
{
    public required string App { get; init; }
    public required string Policy { get; init; }
    public int? Instances { get; init; }
    public int? Running { get; init; }
    public int? Healthy { get; init; }
    public int? Staged { get; init; }
    public bool? Deploying { get; init; }
    public int? Min { get; init; }
    public int? Max { get; init; }
    public int? Desired { get; init; }
    public string? Reason { get; init; }
    public bool MetricsMissing { get; init; }
    public bool InFlight { get; init; }
    public DateTimeOffset? NextTry { get; init; }
    public PauseEntry? Paused { get; init; }
    public DecisionRecord? LastDecision { get; init; }
    public DecisionRecord? LastChange { get; init; }
}

/// <summary><c>GET /v1/apps/{id}/explain</c>: why the count is what it is.</summary>
internal sealed record ExplainAnswer
{
    /// <summary>One sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>The instant that was asked for; null for the present.</summary>
    public DateTimeOffset? At { get; init; }

    public required GovernedAppAnswer App { get; init; }

    /// <summary>The last evaluation with its values.</summary>
    public EvaluationAnswer? Evaluation { get; init; }

    /// <summary>What each rule said, also those that ask for nothing; absent where it is not on record.</summary>
    public IReadOnlyList<RuleReport>? Opinions { get; init; }

    public required IReadOnlyList<MetricAnswer> Metrics { get; init; }
    public required IReadOnlyList<string> Rules { get; init; }
    public required IReadOnlyList<ScheduleAnswer> Schedules { get; init; }

    /// <summary>The last decisions up to that instant, newest first.</summary>
    public required IReadOnlyList<DecisionRecord> Recent { get; init; }
}

/// <summary>An evaluation.</summary>
internal sealed record EvaluationAnswer(
    DateTimeOffset At, string? Rule, int From, int To, string Reason, bool DryRun,
    IReadOnlyList<Recommendation> Recommendations, IReadOnlyList<Adjustment> Adjustments);

/// <summary>A metric, what rules hold it against, and what it is made of; null where unknown.</summary>
internal sealed record MetricAnswer(string Metric, double? Value, IReadOnlyList<double> Thresholds)
{
    /// <summary>Why there is no value.</summary>
    public string? Missing { get; init; }

    /// <summary>The newest sample that took part.</summary>
    public DateTimeOffset? NewestSample { get; init; }

    /// <summary>
    /// The bounds of what it can be, where silent instances could still change it; null where there is none, equal where they
    /// cannot.
    /// </summary>
    public double? Low { get; init; }

    public double? High { get; init; }

    /// <summary>How many instances took part, and of how many.</summary>
    public int? Reporting { get; init; }

    public int? Instances { get; init; }

    /// <summary>The instances' own values; on record only those of the first ones.</summary>
    public IReadOnlyList<InstanceSample> Samples { get; init; } = [];

    /// <summary>How it came there: the last values before, oldest first, as far as the history reaches.</summary>
    public IReadOnlyList<PointAnswer> History { get; init; } = [];
}

/// <summary>A value at an instant.</summary>
internal sealed record PointAnswer(DateTimeOffset At, double Value);

/// <summary><c>GET /v1/schedules</c>.</summary>
internal sealed record SchedulesAnswer(IReadOnlyList<ScheduleAnswer> Schedules);

/// <summary>A scheduled rule.</summary>
internal sealed record ScheduleAnswer(
    string Policy, string Rule, string Cron, string? Until, string Zone, bool Active, DateTimeOffset? Next);

/// <summary><c>GET /v1/pauses</c>, and what a pause or resume leaves in force.</summary>
internal sealed record PausesAnswer(IReadOnlyList<PauseEntry> Pauses);

/// <summary><c>POST /v1/pause</c> and <c>/v1/resume</c>.</summary>
internal sealed record PauseBody
{
    /// <summary>The app; absent for every app.</summary>
    public string? App { get; init; }

    /// <summary><c>all</c> (the default), <c>scaleIn</c> or <c>scaleOut</c>.</summary>
    public string? What { get; init; }

    /// <summary>Why, up to 500 characters.</summary>
    public string? Reason { get; init; }

    /// <summary>For so many seconds; absent: until it is resumed. Pause only.</summary>
    public double? Seconds { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(CamelCase<DecisionKind>), typeof(CamelCase<DecisionOutcome>), typeof(CamelCase<Pause>),
        typeof(CamelCase<RuleVerdict>), typeof(CamelCase<CheckFormat>)])]
[JsonSerializable(typeof(ErrorAnswer))]
[JsonSerializable(typeof(PoliciesAnswer))]
[JsonSerializable(typeof(AppsAnswer))]
[JsonSerializable(typeof(ExplainAnswer))]
[JsonSerializable(typeof(SchedulesAnswer))]
[JsonSerializable(typeof(PausesAnswer))]
[JsonSerializable(typeof(PauseBody))]
[JsonSerializable(typeof(FilesBody))]
[JsonSerializable(typeof(CheckBody))]
[JsonSerializable(typeof(ReplayBody))]
[JsonSerializable(typeof(InitBody))]
[JsonSerializable(typeof(ToolAnswer))]
[JsonSerializable(typeof(DecisionPage))]
[JsonSerializable(typeof(HealthReport))]
internal sealed partial class ManagerJson : JsonSerializerContext;
