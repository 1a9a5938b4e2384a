using LifecycleManager.Decisions.Coordinations;

namespace LifecycleManager.Decisions.Engine.Islands;

/// <summary>What an island is made of: another plan is another island.</summary>
/// <param name="Apps">The ids of its apps, sorted.</param>
/// <param name="Coordinations">Its coordinations, in the order of the files, with the apps that each name stands for.</param>
/// <param name="Budgets">Its budgets, in the order of the files, with their apps.</param>
/// <param name="Code">Rules that are code and concern it; null for none.</param>
internal sealed record IslandPlan(
    IReadOnlyList<string> Apps,
    IReadOnlyList<(Coordination Coordination, IReadOnlyDictionary<string, string[]> Names)> Coordinations,
    IReadOnlyList<(Budget Budget, string[] Apps)> Budgets,
    ICodeRules? Code)
{
    /// <summary>The most scopes of one island: names for many apps, several of them in one rule.</summary>
    private const int MaxScopes = 100_000;

    /// <summary>Whether it is the same in all that matters.</summary>
    public bool IsSame(IslandPlan other) =>
        Apps.SequenceEqual(other.Apps) && ReferenceEquals(Code, other.Code)
        && Coordinations.Count == other.Coordinations.Count && Budgets.Count == other.Budgets.Count
        && Coordinations.Zip(other.Coordinations).All(pair =>
            (pair.First.Coordination.Name, pair.First.Coordination.Digest)
                == (pair.Second.Coordination.Name, pair.Second.Coordination.Digest)
            && pair.First.Names.All(name => name.Value.SequenceEqual(pair.Second.Names[name.Key])))
        && Budgets.Zip(other.Budgets).All(pair =>
            (pair.First.Budget.Name, pair.First.Budget.Digest) == (pair.Second.Budget.Name, pair.Second.Budget.Digest)
            && pair.First.Apps.SequenceEqual(pair.Second.Apps));

    /// <summary>
    /// The scopes: each demand of each rule, for each choice of one app for each name that the rule uses of single apps.
    /// </summary>
    /// <exception cref="InvalidOperationException">There are too many.</exception>
    public Scope[] Bind(IReadOnlyDictionary<string, IslandApp> known)
    {
        var scopes = new List<Scope>();
        foreach (var (coordination, names) in Coordinations)
        {
            foreach (var rule in coordination.Rules)
            {
                foreach (var demand in rule.Demands)
                {
                    var single = rule.Reads.Where(read => read is { Alias: not null, Function: null })
                        .Select(read => read.Alias!).Append(demand.Alias).Distinct().ToList();
                    foreach (var choice in Choices(single, names))
                    {
                        if (scopes.Count == MaxScopes) throw new TooManyScopesException(coordination.Name, rule.Name, MaxScopes);
                        scopes.Add(new Scope(coordination, rule, demand, known[choice[demand.Alias]],
                            [.. rule.Reads.Select(read => Apps(read, choice))]));
                    }
                }
            }

            IslandApp[] Apps(ScopeRead read, Dictionary<string, string> choice) => read switch
            {
                { Alias: null } => [],
                { Function: null } => [known[choice[read.Alias]]],
                _ => [.. names[read.Alias].Select(id => known[id])],
            };
        }

        return [.. scopes];
    }

    private static IEnumerable<Dictionary<string, string>> Choices(
        List<string> names, IReadOnlyDictionary<string, string[]> apps)
    {
        IEnumerable<Dictionary<string, string>> choices = [new(StringComparer.Ordinal)];
        foreach (var name in names)
        {
            choices = choices.SelectMany(choice => apps[name]
                .Select(app => new Dictionary<string, string>(choice, StringComparer.Ordinal) { [name] = app }));
        }

        return choices;
    }
}

/// <summary>A rule speaks of more choices of apps than can be looked at.</summary>
internal sealed class TooManyScopesException(string coordination, string rule, int most) : InvalidOperationException(
    $"the rule '{rule}' of the coordination '{coordination}' speaks of too many choices of apps: an island has at most {most}");
