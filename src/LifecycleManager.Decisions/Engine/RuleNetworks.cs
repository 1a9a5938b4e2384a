using System.Collections.Concurrent;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using NRules;
using NRules.Fluent;
using NRules.RuleModel;

namespace LifecycleManager.Decisions.Engine;

/// <summary>
/// NRules' networks, compiled once for each sequence of kinds of rules: compiling takes some 20 ms, and thousands of policies
/// have few such sequences.
/// </summary>
internal static class RuleNetworks
{
    /// <summary>Far more than there are sequences in use; beyond it all are made anew.</summary>
    private const int MaxKept = 1000;

    private static readonly IReadOnlyList<IRuleDefinition> Combining = LoadCombination();
    private static readonly ConcurrentDictionary<string, Lazy<ISessionFactory>> Made = new(StringComparer.Ordinal);

    /// <summary>A session for the apps of a policy, without any app yet.</summary>
    public static ISession CreateSession(Policy policy)
    {
        if (Made.Count > MaxKept) Made.Clear();
        var kinds = string.Join(", ", policy.RuleArray.Select(rule => rule.Kind));
        return Made.GetOrAdd(kinds, _ => new Lazy<ISessionFactory>(() => new RuleCompiler()
            .Compile(Define(policy)))).Value.CreateSession();
    }

    /// <summary>All rules that make up a policy, the combination included.</summary>
    internal static IEnumerable<IRuleDefinition> Define(Policy policy)
    {
        var rules = new RuleDefinitions();
        foreach (var rule in policy.RuleArray) rule.Define(rules);
        return rules.All.Concat(Combining);
    }

    private static List<IRuleDefinition> LoadCombination()
    {
        var repository = new RuleRepository();
        repository.Load(source => source.PrivateTypes().NestedTypes().From(Combination.Rules));
        return [.. repository.GetRules()];
    }
}
