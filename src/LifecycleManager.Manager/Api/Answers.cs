using System.Text.Json.Serialization;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Recommending;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Decisions.Tools;
using LifecycleManager.Manager.Health;
using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Overriding;
using LifecycleManager.Manager.Pausing;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Scheduling;
using LifecycleManager.Manager.Stopping;

namespace LifecycleManager.Manager.Api;

/// <summary>An error: what is wrong, and which field or parameter.</summary>
internal sealed record ErrorAnswer(string Message, string? Field = null, string? Leader = null);

/// <summary><c>GET /v1/policies</c>.</summary>
internal sealed record PoliciesAnswer(
    IReadOnlyList<PolicyAnswer> Policies, IReadOnlyList<PolicyFileAnswer> Files, IReadOnlyList<PolicyProblemAnswer> Problems)
{
    /// <summary>The rules over several apps that are in force.</summary>
    public required IReadOnlyList<CoordinationAnswer> Coordinations { get; init; }

    /// <summary>The budgets in force.</summary>
    public required IReadOnlyList<BudgetAnswer> Budgets { get; init; }

    /// <summary>Of everything that they say, schedules included and rules in C# not.</summary>
    public required string Digest { get; init; }

    /// <summary>The digest of the leader's; absent where this manager leads, or it is not known.</summary>
    public string? LeaderDigest { get; init; }
}

/// <summary>A policy in force.</summary>
internal sealed record PolicyAnswer
{
    public required string Name { get; init; }
    public required string File { get; init; }
    public required string Place { get; init; }

    /// <summary>
    /// <c>inForce</c>; <c>lastGood</c> where its file as it is now is refused; <c>fileGone</c> where its file is gone.
    /// </summary>
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

    /// <summary>Why it, or a rule of it, has no effect at present.</summary>
    public IReadOnlyList<PolicyProblemAnswer> Findings { get; init; } = [];
}

/// <summary>A coordination in force. <c>Apps</c> has the apps by their names; <c>State</c> is as a policy's.</summary>
internal sealed record CoordinationAnswer(
    string Name, string File, string Place, string State, bool DryRun, IReadOnlyDictionary<string, string> Apps,
    IReadOnlyList<string> Rules);

/// <summary>
/// A budget in force: what is null has no limit. <c>Memory</c> is in MB, <c>Cost</c> an hour; <c>State</c> is as a policy's.
/// <c>Used</c> is null before the first tick of a manager that leads.
/// </summary>
internal sealed record BudgetAnswer(
    string Name, string File, string Place, string State, string Apps, int? Instances, double? Cpus, double? Memory, double? Cost,
    BudgetUseAnswer? Used);

/// <summary>What is used of a budget; null where it is unknown, as one of its apps does not say what an instance takes.</summary>
internal sealed record BudgetUseAnswer(double? Instances, double? Cpus, double? Memory, double? Cost);

/// <summary>
/// A policy file. <c>Policies</c> has the names of whatever is in force of it. Its state is <c>inForce</c>, <c>lastGood</c>
/// (refused, an older version is in force), <c>refused</c> or <c>gone</c> (its policies stay in force).
/// </summary>
internal sealed record PolicyFileAnswer(
    string File, string State, DateTimeOffset? LoadedAt, IReadOnlyList<string> Policies,
    IReadOnlyList<PolicyProblemAnswer> Problems, DateTimeOffset? GoneSince = null);

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

    /// <summary>
    /// The count that is being set, with all that holds it back (<see cref="Reason"/> says what); of a policy that only watches,
    /// the one that it would set.
    /// </summary>
    public int? Desired { get; init; }

    /// <summary>Whether the policy only watches, so that <see cref="Desired"/> is not set.</summary>
    public bool DryRun { get; init; }

    public string? Reason { get; init; }
    public bool MetricsMissing { get; init; }

    /// <summary>For how long its instances count as starting, so that what they do is no reason to grow.</summary>
    public StartupAnswer? Startup { get; init; }
    public bool InFlight { get; init; }
    public DateTimeOffset? NextTry { get; init; }
    public ScalingHold? ScaleInHeld { get; init; }

    /// <summary>That nothing is scaled out, since the last scale-outs have not helped; null where it may be.</summary>
    public ScalingHold? ScaleOutHeld { get; init; }
    public StopEntry? Stopped { get; init; }
    public PauseEntry? Paused { get; init; }
    public OverrideEntry? Override { get; init; }
    public DecisionRecord? LastDecision { get; init; }
    public DecisionRecord? LastChange { get; init; }
}

/// <summary>A start-up time.</summary>
/// <param name="Seconds">From an instance's start on.</param>
/// <param name="Source"><c>policy</c>, <c>label</c>, <c>learnt</c> or <c>usual</c>.</param>
/// <param name="Starts">How many starts were measured.</param>
internal sealed record StartupAnswer(double Seconds, string Source, int Starts);

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
    IReadOnlyList<Recommendation> Recommendations, IReadOnlyList<Adjustment> Adjustments, IReadOnlyList<ChainLink> Chain);

/// <summary>A metric, what rules hold it against, and what it is made of; null where unknown.</summary>
internal sealed record MetricAnswer(string Metric, double? Value, IReadOnlyList<double> Thresholds)
{
    /// <summary>Why there is no value, or an idle metric's is not of any sample.</summary>
    public string? Missing { get; init; }

    /// <summary><c>missing</c>, <c>idle</c> or <c>starting</c>; absent where a value was read.</summary>
    public string? Absence { get; init; }

    /// <summary>What the source remarks on the query, which takes nothing from the value.</summary>
    public string? Note { get; init; }

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
/// <param name="Schedules">The scheduled rules of policies.</param>
internal sealed record SchedulesAnswer(IReadOnlyList<ScheduleAnswer> Schedules)
{
    /// <summary>The scheduled jobs, by name.</summary>
    public required IReadOnlyList<JobAnswer> Jobs { get; init; }

    /// <summary>What to give as <c>after</c> for the next ones; absent with the last.</summary>
    public string? After { get; init; }
}

/// <summary>A scheduled rule.</summary>
internal sealed record ScheduleAnswer(
    string Policy, string Rule, string Cron, string? Until, string Zone, bool Active, DateTimeOffset? Next);

/// <summary><c>GET /v1/stop</c>, and what a stop or start leaves in force.</summary>
/// <param name="Stopped">Whether all changes are stopped.</param>
/// <param name="Since">Since when; absent where they are not.</param>
/// <param name="By">Who stopped them; absent where nobody is asked who he is.</param>
/// <param name="Reason">Why, in plain words; absent where nobody said.</param>
/// <param name="Message">The same in one sentence.</param>
internal sealed record StopAnswer(bool Stopped, DateTimeOffset? Since, string? By, string? Reason, string Message);

/// <summary>Why something is done: stop and start, and what is done to a schedule.</summary>
internal sealed record ReasonBody
{
    /// <summary>Why, up to 500 characters; that of a start is in the log.</summary>
    public string? Reason { get; init; }
}



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

/// <summary><c>GET /v1/overrides</c>, and what setting or lifting one leaves in force.</summary>
internal sealed record OverridesAnswer(IReadOnlyList<OverrideEntry> Overrides);

/// <summary><c>POST /v1/apps/{id}/override</c>.</summary>
internal sealed record OverrideBody
{
    /// <summary>The count, 0 to 1,000,000; 0 suspends the app until the end.</summary>
    public int? Instances { get; init; }

    /// <summary>The end: a duration such as <c>2h</c>, or an instant; at most 366 days from now.</summary>
    public string? Until { get; init; }

    /// <summary>Why, up to 500 characters.</summary>
    public string? Reason { get; init; }
}

/// <summary><c>POST /v1/policies/{name}/end</c>.</summary>
internal sealed record EndAnswer(string Policy, string Message);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(CamelCase<DecisionKind>), typeof(CamelCase<DecisionOutcome>), typeof(CamelCase<Pause>),
        typeof(CamelCase<RuleVerdict>), typeof(CamelCase<CheckFormat>), typeof(CamelCase<SizeVerdict>),
        typeof(CamelCase<FireState>), typeof(CamelCase<AppPhase>), typeof(CamelCase<HookOutcome>)])]
[JsonSerializable(typeof(ErrorAnswer))]
[JsonSerializable(typeof(PoliciesAnswer))]
[JsonSerializable(typeof(AppsAnswer))]
[JsonSerializable(typeof(ExplainAnswer))]
[JsonSerializable(typeof(SchedulesAnswer))]
[JsonSerializable(typeof(JobDetailAnswer))]
[JsonSerializable(typeof(FiresAnswer))]
[JsonSerializable(typeof(ScheduleDoneAnswer))]
[JsonSerializable(typeof(ReasonBody))]
[JsonSerializable(typeof(StopAnswer))]
[JsonSerializable(typeof(PausesAnswer))]
[JsonSerializable(typeof(PauseBody))]
[JsonSerializable(typeof(PauseEntry))]
[JsonSerializable(typeof(StopEntry))]
[JsonSerializable(typeof(OverridesAnswer))]
[JsonSerializable(typeof(OverrideEntry))]
[JsonSerializable(typeof(OverrideBody))]
[JsonSerializable(typeof(EndAnswer))]
[JsonSerializable(typeof(FilesBody))]
[JsonSerializable(typeof(CheckBody))]
[JsonSerializable(typeof(ReplayBody))]
[JsonSerializable(typeof(InitBody))]
[JsonSerializable(typeof(ToolAnswer))]
[JsonSerializable(typeof(DecisionPage))]
[JsonSerializable(typeof(HealthReport))]
[JsonSerializable(typeof(RecommendationsAnswer))]
internal sealed partial class ManagerJson : JsonSerializerContext;
