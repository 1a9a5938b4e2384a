using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Schedules;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tools.Analysis;

/// <summary>Files that are checked together: each by itself, then all beside each other.</summary>
/// <param name="now">The present: of schedules it is told which are over.</param>
/// <param name="servers">The servers that the operator has named; null where that is not known.</param>
internal sealed class CheckedFiles(DateTimeOffset now, IReadOnlyCollection<NamedSource>? servers = null)
{
    /// <summary>A fixed day, so that a check says the same of policies today and tomorrow.</summary>
    private static readonly DateTimeOffset Day = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>What nobody can tell while a file is refused: the policy that is missed may be in it.</summary>
    private static readonly string[] OfAllFiles = ["ungoverned-app", "unknown-field"];

    private readonly Dictionary<(string Kind, string Name), SourcePlace> _places = [];
    private readonly List<string> _files = [];
    private readonly List<PolicyProblem> _found = [];
    private readonly List<Policy> _policies = [];
    private readonly List<Coordination> _coordinations = [];
    private readonly List<Budget> _budgets = [];
    private readonly List<ScalingSchedule> _jobs = [];
    private bool _isWhole = true;
    private bool _hasCode;

    /// <summary>What the files say: of a name that is taken twice the first.</summary>
    public PolicySet Set => PolicySet.Of(_policies, _coordinations, _budgets, _jobs);

    /// <summary>Takes in a file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="text">Its text.</param>
    /// <param name="calendars">Reads the calendar files that it names; null where none may be read.</param>
    public void Add(string path, string text, Func<string, string>? calendars = null)
    {
        var file = PolicyParser.Parse(path, text, calendars);
        _files.Add(path);
        _isWhole &= !file.Refused;
        _found.AddRange(file.Problems);
        foreach (var policy in file.Policies.Where(policy => Claim("policy", policy.Name, policy.Place)))
        {
            _policies.Add(policy);
            _found.AddRange(PolicyAnalysis.Of(policy, Day));
            if (servers is not null) _found.AddRange(ServerNames.Check(policy.Metrics, servers));
        }

        _coordinations.AddRange(file.Coordinations.Where(one => Claim("coordination", one.Name, one.Place)));
        _budgets.AddRange(file.Budgets.Where(budget => Claim("budget", budget.Name, budget.Place)));
        foreach (var job in file.Jobs.Where(job => Claim("schedule", job.Name, job.Place)))
        {
            _jobs.Add(job);
            if (servers is not null && job.End?.Until is MetricCondition { Metrics: var metrics })
                _found.AddRange(ServerNames.Check(metrics, servers));
        }
    }

    /// <summary>Takes in rules that are code.</summary>
    public void AddCode(IReadOnlyList<string> paths, IRuleFiles rules)
    {
        _files.AddRange(paths);
        _hasCode = true;
        rules.Load(paths, out var problems);
        _found.AddRange(problems);
    }

    /// <summary>The findings, by the order of the files and of the places in them.</summary>
    public IReadOnlyList<PolicyProblem> Problems()
    {
        var order = _files.Distinct().Select((file, i) => KeyValuePair.Create(file, i)).ToDictionary(StringComparer.Ordinal);
        return
        [
            .. _found.Where(problem => problem.Code != "unused-metric" || !IsReadElsewhere(problem))
                .Concat(SetAnalysis.Of(Set, now).Where(problem => _isWhole || Array.IndexOf(OfAllFiles, problem.Code) < 0))
                .OrderBy(problem => order[problem.File]).ThenBy(problem => problem.Line).ThenBy(problem => problem.Column),
        ];
    }

    private bool Claim(string kind, string name, SourcePlace place)
    {
        if (_places.TryAdd((kind, name), place)) return true;
        _found.Add(new PolicyProblem(place.File, place.Line, place.Column, PolicySeverity.Error,
            $"a {kind} '{name}' is defined already", $"at {_places[(kind, name)]}", $"duplicate-{kind}"));
        return false;
    }

    /// <summary>
    /// Whether a coordination reads the metric that the rules of its policy do not; or code, which may read any of them.
    /// </summary>
    private bool IsReadElsewhere(PolicyProblem unused) => _hasCode || _policies.Any(policy => policy.Metrics.Any(metric =>
        metric.Place == new SourcePlace(unused.File, unused.Line, unused.Column)
        && CoordinatedReads.IsRead(metric.Name, policy, _coordinations)));
}
