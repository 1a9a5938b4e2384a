using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Policies.Reading;
using LifecycleManager.Decisions.Schedules;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Decisions.Policies;

/// <summary>What a policy file says.</summary>
/// <param name="Policies">Its policies; none where there is an error, for a bad file is refused whole.</param>
/// <param name="Problems">Errors and warnings, in the order of their places.</param>
public sealed record PolicyFile(IReadOnlyList<Policy> Policies, IReadOnlyList<PolicyProblem> Problems)
{
    /// <summary>Its coordinations.</summary>
    public IReadOnlyList<Coordination> Coordinations { get; init; } = [];

    /// <summary>Its budgets.</summary>
    public IReadOnlyList<Budget> Budgets { get; init; } = [];

    /// <summary>Its scheduled scaling jobs.</summary>
    public IReadOnlyList<ScalingSchedule> Jobs { get; init; } = [];

    /// <summary>The names of all that it says.</summary>
    public IEnumerable<string> Names => Policies.Select(policy => policy.Name)
        .Concat(Coordinations.Select(coordination => coordination.Name)).Concat(Budgets.Select(budget => budget.Name))
        .Concat(Jobs.Select(job => job.Name));

    /// <summary>The same without what has a name.</summary>
    internal PolicyFile Without(string name) => this with
    {
        Policies = [.. Policies.Where(policy => policy.Name != name)],
        Coordinations = [.. Coordinations.Where(coordination => coordination.Name != name)],
        Budgets = [.. Budgets.Where(budget => budget.Name != name)],
        Jobs = [.. Jobs.Where(job => job.Name != name)],
    };

    /// <summary>Whether the file is refused.</summary>
    public bool Refused => Problems.Any(problem => problem.Severity == PolicySeverity.Error);
}

/// <summary>
/// Reads policy files: one policy, coordination, budget or list of schedules a YAML document, several documents a file.
/// </summary>
public static class PolicyParser
{
    /// <summary>The longest file taken, in characters.</summary>
    public const int MaxLength = 1024 * 1024;

    private static readonly string[] Kinds = ["policy", "coordination", "budget", "schedules"];

    /// <summary>Parses, checks and compiles a file's text. Never throws for what the text says.</summary>
    /// <param name="file">The name that problems are reported under.</param>
    /// <param name="text">The YAML text.</param>
    /// <param name="calendars">
    /// Reads a calendar file that the text names, by its path, which is relative to the file's; it may throw what file systems
    /// throw. Null where none may be read, which refuses texts that name one.
    /// </param>
    public static PolicyFile Parse(string file, string text, Func<string, string>? calendars = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.StartsWith('\uFEFF')) text = text[1..];
        var problems = new ProblemSink(file, text);
        if (text.Length > MaxLength)
        {
            problems.Add(1, 1, PolicySeverity.Error, $"the file is longer than {MaxLength} characters", null, "too-long");
            return new PolicyFile([], problems.Problems);
        }

        var (policies, coordinations, budgets) = (new List<Policy>(), new List<Coordination>(), new List<Budget>());
        var jobs = new List<ScalingSchedule>();
        var names = new Dictionary<(string Kind, string Name), int>();
        try
        {
            foreach (var document in YamlTree.Read(text))
            {
                if (document is YamlScalar { IsNull: true }) continue;
                var kind = document is YamlMap map
                    ? Kinds.FirstOrDefault(kind => map.Entries.Any(entry => entry.Key.Value == kind)) : null;
                switch (kind)
                {
                    case "coordination" when new CoordinationReader(problems).Read(document) is { } coordination:
                        Claim(coordination.Place, kind, coordination.Name);
                        coordinations.Add(coordination);
                        break;
                    case "budget" when new BudgetReader(problems).Read(document) is { } budget:
                        Claim(budget.Place, kind, budget.Name);
                        budgets.Add(budget);
                        break;
                    case "schedules":
                        foreach (var job in new ScheduleReader(problems, calendars).ReadAll(document))
                        {
                            Claim(job.Place, "schedule", job.Name);
                            jobs.Add(job);
                        }

                        break;
                    case null when Misspelt(document) is var (key, meant):
                        problems.Error(key, $"a document is a policy, a coordination, a budget or schedules, not '{key.Value}'",
                            $"did you mean '{meant}'?", "unknown-kind");
                        break;
                    case "policy" or null when new PolicyReader(problems).Read(document) is { } policy:
                        Claim(policy.Place, "policy", policy.Name);
                        policies.Add(policy);
                        break;
                }
            }
        }
        catch (YamlSyntaxException e)
        {
            problems.Add((int)e.Mark.Line, (int)e.Mark.Column, PolicySeverity.Error, e.Message, null, "syntax");
        }

        if (names.Count == 0 && problems.Problems.Count == 0)
        {
            problems.Add(1, 1, PolicySeverity.Warning, "the file has no policy", null, "empty");
        }

        var inOrder = problems.Problems.OrderBy(problem => (problem.Line, problem.Column)).ToList();
        return problems.HasErrors ? new PolicyFile([], inOrder) : new PolicyFile(policies, inOrder)
        {
            Coordinations = coordinations,
            Budgets = budgets,
            Jobs = jobs,
        };

        static (YamlScalar Key, string Meant)? Misspelt(YamlNode document)
        {
            foreach (var (key, _) in document is YamlMap { Entries: var entries } ? entries : [])
            {
                if (NearestName.Of(key.Value, ["coordination", "budget", "schedules"]) is { } meant) return (key, meant);
            }

            return null;
        }

        void Claim(SourcePlace place, string kind, string name)
        {
            if (names.TryAdd((kind, name), place.Line)) return;
            problems.Add(place.Line, place.Column, PolicySeverity.Error, $"a {kind} '{name}' is in this file already",
                $"on line {names[(kind, name)]}", $"duplicate-{kind}");
        }
    }
}
