namespace LifecycleManager.Console.Clients;

/// <summary>A decision.</summary>
public sealed record DecisionRow(
    string Id, DateTimeOffset At, string App, string Policy, string Rule, int From, int To, string Reason, string Outcome,
    bool DryRun, string OutcomeReason);

/// <summary>A policy in force.</summary>
/// <param name="Name">Its name.</param>
/// <param name="App">The apps that it governs, as it says.</param>
/// <param name="File">Its file.</param>
/// <param name="Min">The least count.</param>
/// <param name="Max">The most.</param>
/// <param name="Findings">Why it, or a rule of it, has no effect.</param>
/// <param name="State"><c>inForce</c>, <c>lastGood</c> or <c>fileGone</c>.</param>
/// <param name="Place">Where it is written, <c>file:line:column</c>.</param>
/// <param name="DryRun">Whether it only watches.</param>
/// <param name="Apps">The apps that it governs now.</param>
public sealed record PolicyRow(
    string Name, string App, string File, int Min, int Max, IReadOnlyList<string> Findings, string State, string Place,
    bool DryRun, IReadOnlyList<string> Apps);

/// <summary>A scraped target.</summary>
public sealed record TargetRow(string App, string Instance, string Address, string State, string LastError);

/// <summary>One thing that a budget limits; what is used is null where that is unknown.</summary>
public sealed record BudgetRow(string Budget, string Apps, string Unit, double Allowed, double? Used);

/// <summary>The policies and budgets in force, and what is wrong with their files.</summary>
/// <param name="Policies">The policies.</param>
/// <param name="Budgets">The budgets.</param>
/// <param name="Problems">What is wrong with the files.</param>
/// <param name="Digest">The revision of the rules of the manager that answers.</param>
/// <param name="LeaderDigest">That of the one that leads; empty where it is the same manager, or not known.</param>
public sealed record PolicyPage(
    IReadOnlyList<PolicyRow> Policies, IReadOnlyList<BudgetRow> Budgets, IReadOnlyList<string> Problems, string Digest,
    string LeaderDigest);

/// <summary>An app that a policy governs, and what holds its count.</summary>
/// <param name="App">Its id.</param>
/// <param name="Policy">The policy's name.</param>
/// <param name="Desired">The count that is being set; of a policy that only watches, the one that it would set.</param>
/// <param name="Min">The least count.</param>
/// <param name="Max">The most.</param>
/// <param name="DryRun">Whether the policy only watches.</param>
/// <param name="Reason">Why that count.</param>
/// <param name="MetricsMissing">Whether a metric of it is unknown.</param>
/// <param name="Override">The count that a person has set in its place; null for none.</param>
/// <param name="Paused">What holds it; null for nothing.</param>
/// <param name="Stopped">Whether all changes are stopped.</param>
public sealed record GovernedRow(
    string App, string Policy, int? Desired, int? Min, int? Max, bool DryRun, string Reason, bool MetricsMissing,
    OverrideRow? Override, PauseRow? Paused, bool Stopped);

/// <summary>A count in a policy's place.</summary>
public sealed record OverrideRow(int Instances, string Reason, string By, DateTimeOffset Until);

/// <summary>What holds a policy; the app is empty for every app.</summary>
public sealed record PauseRow(string App, string What, string Reason, DateTimeOffset Since, DateTimeOffset? Until);

/// <summary>Why an app's count is what it is.</summary>
public sealed record ExplanationRow(
    string Summary, GovernedRow App, IReadOnlyList<Opinion> Opinions, IReadOnlyList<MetricRow> Metrics);

/// <summary>What one rule wants.</summary>
public sealed record Opinion(string Rule, string Verdict, int? Count, string Reason);

/// <summary>A metric, null where it is unknown, what rules hold it against, and why it is unknown; else empty.</summary>
public sealed record MetricRow(string Metric, double? Value, IReadOnlyList<double> Thresholds, string Missing);
