using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.CSharp.Compiling;
using LifecycleManager.Decisions.CSharp.Loading;
using LifecycleManager.Decisions.CSharp.Running;
using LifecycleManager.Decisions.CSharp.Sources;

namespace LifecycleManager.Decisions.CSharp;

/// <summary>The rules of one version of the files: compiled, checked, and ready to be run. Immutable.</summary>
public sealed class CSharpRuleSet
{
    private readonly RuleContext? _context;
    private readonly RuleRunner _runner;

    private CSharpRuleSet(RuleContext? context, IReadOnlyList<CSharpRule> rules, RuleRunner runner) =>
        (_context, Rules, _runner) = (context, rules, runner);

    /// <summary>The rules in force, by the names of their classes.</summary>
    public IReadOnlyList<CSharpRule> Rules { get; }

    /// <summary>The rules that failed when they were run last, for health; none where all is well.</summary>
    public IReadOnlyList<RuleFailure> Failures => [.. _runner.Failures];

    /// <summary>
    /// The rules that concern an island. To be kept as long as the island and this set are the same, and dropped when either is
    /// another: it keeps the rules' assemblies in memory.
    /// </summary>
    /// <param name="apps">The island's apps.</param>
    public IslandRules For(IEnumerable<(string Target, string Id)> apps)
    {
        var island = apps.ToList();
        return new IslandRules([.. Rules.Where(rule => island.Any(app => rule.Names(app.Target, app.Id)))], _runner);
    }

    /// <summary>The same for the decision engine: one object for each version.</summary>
    public ICodeRules Code => field ??= new CodeRules(this);

    /// <summary>No rule at all.</summary>
    internal static CSharpRuleSet Empty(RuleRunner runner) => new(null, [], runner);

    /// <summary>Compiles and loads files: all or nothing.</summary>
    /// <param name="files">The files.</param>
    /// <param name="runner">Runs the rules later, and no others.</param>
    /// <param name="end">When it has taken too long.</param>
    /// <returns>The rules, or what is wrong.</returns>
    internal static (CSharpRuleSet? Rules, IReadOnlyList<RuleProblem> Problems) Build(
        IReadOnlyList<RuleFile> files, RuleRunner runner, CancellationToken end)
    {
        if (files.Count == 0) return (Empty(runner), []);
        var compiled = RuleCompilation.Compile(files, end);
        if (compiled.Problems.Count > 0) return (null, compiled.Problems);
        var loaded = RuleLoader.Load(compiled, end);
        if (loaded.Problems.Count == 0) return (new CSharpRuleSet(loaded.Context, loaded.Rules, runner), []);
        loaded.Context.Unload();
        return (null, loaded.Problems);
    }

    /// <summary>Lets the assemblies go, once nobody uses them any more.</summary>
    internal void Unload() => _context?.Unload();
}
