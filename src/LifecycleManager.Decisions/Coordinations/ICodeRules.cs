using LifecycleManager.Rules;

namespace LifecycleManager.Decisions.Coordinations;

/// <summary>
/// The seam to rules that are code: which apps they tie together, and what they ask for. One version of them; another version is
/// another object.
/// </summary>
public interface ICodeRules
{
    /// <summary>The rules.</summary>
    IReadOnlyList<CodeRule> Rules { get; }

    /// <summary>What begins decisions of an island; to be dropped when the island is another, or this version is.</summary>
    /// <param name="apps">The ids of its apps.</param>
    /// <returns>Begins a decision: given the instant, it gives what runs the rules once.</returns>
    Func<DateTimeOffset, CodeTurn> For(IReadOnlyCollection<string> apps);
}

/// <summary>A rule that is code.</summary>
/// <param name="Name">Its unique name.</param>
/// <param name="Names">Whether it concerns an app, by id.</param>
public sealed record CodeRule(string Name, Func<string, bool> Names);

/// <summary>Runs the rules of an island once, over facts that stay as they are; it does not throw for what a rule does.</summary>
/// <param name="apps">The apps of the island.</param>
/// <param name="cluster">The cluster.</param>
public delegate CodeRound CodeTurn(IReadOnlyCollection<App> apps, Cluster cluster);

/// <summary>What came of running the rules once; the same facts give the same, in the same order.</summary>
/// <param name="Outputs">What they ask for.</param>
/// <param name="Unknown">Rules that met what is unknown: the apps that they name must not shrink.</param>
/// <param name="Refused">What was asked for and is not done, for people.</param>
/// <param name="Failure">Why the island keeps its counts, naming the rule; null where it does not.</param>
public sealed record CodeRound(
    IReadOnlyList<CodeOutput> Outputs, IReadOnlyList<(CodeRule Rule, string Because)> Unknown, IReadOnlyList<string> Refused,
    string? Failure);

/// <summary>What a rule asks for.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Output">What it asks for.</param>
/// <param name="Apps">The ids of the apps that it fired on.</param>
/// <param name="Facts">The facts that it fired on, for people.</param>
public sealed record CodeOutput(CodeRule Rule, RuleOutput Output, IReadOnlyList<string> Apps, string Facts);
