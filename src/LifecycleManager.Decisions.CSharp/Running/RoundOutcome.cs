using LifecycleManager.Decisions.CSharp.Loading;
using LifecycleManager.Rules;

namespace LifecycleManager.Decisions.CSharp.Running;

/// <summary>
/// What the rules of an island put out in one round. The same facts give the same outcome, in the same order and words,
/// whatever the order in which they are given.
/// </summary>
/// <param name="Outputs">
/// What the rules ask for, by class, app, kind and count; empty where the island is held.
/// </param>
/// <param name="Unknown">Rules that met what is unknown: the apps that they name must not shrink.</param>
/// <param name="Refused">What was asked for and is not done, with the reason, for people.</param>
/// <param name="Failures">Rules that failed: all apps of the island keep their counts.</param>
public sealed record RoundOutcome(
    IReadOnlyList<FiredOutput> Outputs, IReadOnlyList<UnknownRule> Unknown, IReadOnlyList<RefusedOutput> Refused,
    IReadOnlyList<RuleFailure> Failures)
{
    /// <summary>Whether all apps of the island keep their counts, since a rule failed.</summary>
    public bool IsHeld => Failures.Count > 0;
}

/// <summary>What a rule asks for, and why.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Output">What it asks for, of an app that it names.</param>
/// <param name="Apps">The apps that it fired on, those of groups included, by target and id.</param>
/// <param name="Facts">The facts that it fired on, for people: <c>/shop/web (wanted 8, instances 4)</c>.</param>
public sealed record FiredOutput(CSharpRule Rule, RuleOutput Output, IReadOnlyList<App> Apps, IReadOnlyList<string> Facts);

/// <summary>A rule that met what is unknown.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Because">What is unknown, for people.</param>
public sealed record UnknownRule(CSharpRule Rule, string Because);

/// <summary>An output that does not count.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Because">Why, for people.</param>
public sealed record RefusedOutput(CSharpRule Rule, string Because);

/// <summary>A rule that failed.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Because">Why, for people: what it threw, or that it took too long.</param>
public sealed record RuleFailure(CSharpRule Rule, string Because)
{
    /// <inheritdoc />
    public override string ToString() => $"the rule '{Rule.Name}' ({Rule.Place}) {Because}";
}
