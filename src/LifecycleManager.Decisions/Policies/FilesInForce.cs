using System.Collections.Immutable;
using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Decisions.Policies;

/// <summary>
/// Puts files together, in the order of their names. A name belongs to the first file that uses it; a file that takes a name
/// twice is refused whole, and its last good version goes on.
/// </summary>
internal sealed class FilesInForce
{
    private readonly ImmutableArray<Policy>.Builder _policies = ImmutableArray.CreateBuilder<Policy>();
    private readonly ImmutableArray<Coordination>.Builder _coordinations = ImmutableArray.CreateBuilder<Coordination>();
    private readonly ImmutableArray<Budget>.Builder _budgets = ImmutableArray.CreateBuilder<Budget>();
    private readonly ImmutableArray<ScalingSchedule>.Builder _jobs = ImmutableArray.CreateBuilder<ScalingSchedule>();
    private readonly Dictionary<(string Kind, string Name), SourcePlace> _places = [];

    /// <summary>Adds a file: in the version that can be in force.</summary>
    /// <returns>The names that are in force of it, what is wrong with it as it is now, and whether that is in force.</returns>
    public (IReadOnlyList<string> Names, List<PolicyProblem> Problems, bool IsGood) Add(string file, PolicyFileEntry entry)
    {
        var problems = entry.Parsed!.Problems.ToList();
        var isGood = !entry.Parsed.Refused;
        foreach (var (kind, name, place) in Named(entry.Parsed))
        {
            if (!_places.TryGetValue((kind, name), out var other)) continue;
            isGood = false;
            problems.Add(new PolicyProblem(file, place.Line, place.Column, PolicySeverity.Error,
                $"a {kind} '{name}' is in force already", $"from {other}", $"duplicate-{kind}"));
        }

        if (isGood && entry.GoneSince is null) (entry.Good, entry.GoodAt) = (entry.Parsed, entry.ReadAt);
        return (entry.Good is null ? [] : Take(entry.Good), problems, isGood);
    }

    /// <summary>All that is in force.</summary>
    public PolicySet ToSet() =>
        PolicySet.Of(_policies.ToImmutable(), _coordinations.ToImmutable(), _budgets.ToImmutable(), _jobs.ToImmutable());

    private List<string> Take(PolicyFile file)
    {
        var names = new List<string>();
        var free = new HashSet<(string, string)>();
        foreach (var (kind, name, place) in Named(file))
        {
            if (!_places.TryAdd((kind, name), place)) continue;
            free.Add((kind, name));
            names.Add(name);
        }

        _policies.AddRange(file.Policies.Where(policy => IsFree("policy", policy.Name)));
        _coordinations.AddRange(file.Coordinations.Where(coordination => IsFree("coordination", coordination.Name)));
        _budgets.AddRange(file.Budgets.Where(budget => IsFree("budget", budget.Name)));
        _jobs.AddRange(file.Jobs.Where(job => IsFree("schedule", job.Name)));
        return names;

        bool IsFree(string kind, string name) => free.Contains((kind, name));
    }

    private static IEnumerable<(string Kind, string Name, SourcePlace Place)> Named(PolicyFile file) =>
        file.Policies.Select(policy => ("policy", policy.Name, policy.Place))
            .Concat(file.Coordinations.Select(coordination => ("coordination", coordination.Name, coordination.Place)))
            .Concat(file.Budgets.Select(budget => ("budget", budget.Name, budget.Place)))
            .Concat(file.Jobs.Select(job => ("schedule", job.Name, job.Place)));
}
