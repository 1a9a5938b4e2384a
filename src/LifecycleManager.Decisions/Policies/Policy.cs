using System.Security.Cryptography;
using System.Text;
using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Decisions.Policies;

/// <summary>The policies in force: parsed, checked and compiled.</summary>
/// <param name="Policies">In the order of their files' names and of their place in the file; names are unique.</param>
public sealed record PolicySet(IReadOnlyList<Policy> Policies)
{
    /// <summary>No policy at all.</summary>
    public static PolicySet Empty { get; } = new([]);

    /// <summary>Policies with what ties their apps together: what coordinations read of apps is gathered for them.</summary>
    public static PolicySet Of(
        IReadOnlyList<Policy> policies, IReadOnlyList<Coordination> coordinations, IReadOnlyList<Budget> budgets,
        IReadOnlyList<ScalingSchedule>? jobs = null) => new(CoordinatedReads.AddTo(policies, coordinations))
        {
            Coordinations = coordinations,
            Budgets = budgets,
            Jobs = jobs ?? [],
        };

    /// <summary>The same as dry runs: policies, coordinations and schedules that all only tell what they would do.</summary>
    public PolicySet AsDryRun() => this with
    {
        Policies = [.. Policies.Select(policy => policy with { DryRun = true })],
        Coordinations = [.. Coordinations.Select(coordination => coordination with { DryRun = true })],
        Jobs = [.. Jobs.Select(job => job with { DryRun = true })],
    };

    /// <summary>The same, with every metric that the policies name gathered, as rules that are code need it.</summary>
    internal PolicySet ReadWhole() => this with { Policies = CoordinatedReads.AddAll(Policies) };

    /// <summary>The coordinations, in the same order; names are unique.</summary>
    public IReadOnlyList<Coordination> Coordinations { get; init; } = [];

    /// <summary>The budgets, in the same order; names are unique.</summary>
    public IReadOnlyList<Budget> Budgets { get; init; } = [];

    /// <summary>The scheduled scaling jobs, in the same order; names are unique.</summary>
    public IReadOnlyList<ScalingSchedule> Jobs { get; init; } = [];

    /// <summary>
    /// A digest of everything that they say, whatever the files' names and order: equal digests mean equal policies. Rules in C#
    /// are not in it.
    /// </summary>
    public string Digest => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n',
        Policies.Select(policy => $"policy {policy.Name} {policy.Digest}")
            .Concat(Coordinations.Select(coordination => $"coordination {coordination.Name} {coordination.Digest}"))
            .Concat(Budgets.Select(budget => $"budget {budget.Name} {budget.Digest}"))
            .Concat(Jobs.Select(job => $"schedule {job.Name} {job.Digest}")).Order(StringComparer.Ordinal)))))[..16];

    /// <summary>The scheduled rules.</summary>
    public IReadOnlyList<ScheduledRule> Schedules { get; } =
        [.. Policies.SelectMany(policy => policy.Rules).OfType<ScheduleRule>().Select(rule => rule.Schedule)];
}

/// <summary>One policy: which apps it governs, within which bounds, by which rules.</summary>
public sealed record Policy
{
    private TimeSpan? _longestPeriod;
    private bool? _changesAnyTime;

    /// <summary>The unique name.</summary>
    public required string Name { get; init; }

    /// <summary>Where it was read from.</summary>
    public required SourcePlace Place { get; init; }

    /// <summary>The apps that it governs.</summary>
    public required AppSelector App { get; init; }

    /// <summary>The bounds that no rule may leave.</summary>
    public required InstanceBounds Instances { get; init; }

    /// <summary>The named metrics.</summary>
    public IReadOnlyList<PolicyMetric> Metrics { get; init; } = [];

    /// <summary>The rules, in the order of the file.</summary>
    public IReadOnlyList<Rule> Rules
    {
        get => RuleArray;
        init => RuleArray = [.. value];
    }

    /// <summary>How growth is tempered.</summary>
    public ScalingBehavior ScaleOut { get; init; } = ScalingBehavior.DefaultScaleOut;

    /// <summary>How shrinking is tempered.</summary>
    public ScalingBehavior ScaleIn { get; init; } = ScalingBehavior.DefaultScaleIn;

    /// <summary>What happens while a rule cannot be decided for want of a metric.</summary>
    public MissingMetrics OnMissingMetrics { get; init; } = MissingMetrics.Hold;

    /// <summary>Whether the policy only watches.</summary>
    public bool DryRun { get; init; }

    /// <summary>What is suspended by hand.</summary>
    public Pause Pause { get; init; }

    /// <summary>Of several policies that match an app the one with the highest priority governs it.</summary>
    public int Priority { get; init; }

    /// <summary>The zone of <c>time</c> in expressions, and of schedules that name none.</summary>
    public TimeZoneInfo Zone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>
    /// A digest of everything the policy says, comments and layout apart: equal digests mean an unchanged policy.
    /// </summary>
    public required string Digest { get; init; }

    /// <summary>Whether a rule may say something else at each tick, though nothing that was read has changed.</summary>
    internal bool ChangesAnyTime => _changesAnyTime ??= Rules.Any(rule => rule.ChangesAnyTime);

    /// <summary>How long the instances of its apps take to start; null where it is learnt.</summary>
    public TimeSpan? Startup { get; init; }

    /// <summary>Whether a rule divides a metric by a metric, which is idle where both are 0.</summary>
    internal bool HasRatio { get; init; }

    /// <summary>What is read each tick, in slot order after the facts.</summary>
    internal MetricRead[] Reads { get; init; } = [];

    /// <summary>How far back any limit or cooldown looks.</summary>
    internal TimeSpan LongestPeriod => _longestPeriod ??= ScaleOut.Limits.Concat(ScaleIn.Limits).Select(limit => limit.Period)
        .Concat([ScaleOut.Cooldown, ScaleIn.Cooldown]).Max();

    internal Rule[] RuleArray { get; private init; } = [];

    /// <summary>What its apps are matched with.</summary>
    internal RuleSet RuleSet => new(RuleArray, Reads, Instances);
}

/// <summary>What a policy suspends.</summary>
[Flags]
public enum Pause
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>No scale-out.</summary>
    ScaleOut = 1,

    /// <summary>No scale-in.</summary>
    ScaleIn = 2,

    /// <summary>Neither direction, bounds included.</summary>
    All = ScaleOut | ScaleIn,
}
