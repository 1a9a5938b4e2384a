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
public static class RuleNetworks
{
    /// <summary>Far more than there are sequences in use; beyond it all are made anew.</summary>
    private const int MaxKept = 1000;

    private static readonly IReadOnlyList<IRuleDefinition> Combining = LoadCombination();
    private static readonly ConcurrentDictionary<string, Lazy<ISessionFactory>> Made = new(StringComparer.Ordinal);

    /// <summary>Compiles what policies need beforehand: who stands by decides at once when it takes over.</summary>
    public static void Prepare(PolicySet policies)
    {
        ArgumentNullException.ThrowIfNull(policies);
        foreach (var policy in policies.Policies) Compile(policy);
    }

    /// <summary>A session for the apps of a policy, without any app yet.</summary>
    internal static ISession CreateSession(Policy policy) => Compile(policy).CreateSession();

    /// <summary>Whether a policy's network needs no compiling any more.</summary>
    internal static bool IsCompiled(Policy policy) => Made.TryGetValue(Kinds(policy), out var made) && made.IsValueCreated;

    private static ISessionFactory Compile(Policy policy)
    {
        if (Made.Count > MaxKept) Made.Clear();
        return Made.GetOrAdd(
            Kinds(policy), _ => new Lazy<ISessionFactory>(() => new RuleCompiler().Compile(Define(policy)))).Value;
    }

    private static string Kinds(Policy policy) => string.Join(", ", policy.RuleArray.Select(rule => rule.Kind));

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
