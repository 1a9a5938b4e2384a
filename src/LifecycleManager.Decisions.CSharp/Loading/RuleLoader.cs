using System.Reflection;
using LifecycleManager.Decisions.CSharp.Compiling;
using LifecycleManager.Rules;
using NRules;
using NRules.Fluent;
using NRules.Fluent.Dsl;
using NRules.RuleModel;

namespace LifecycleManager.Decisions.CSharp.Loading;

/// <summary>
/// Makes rules of compiled classes. It runs their constructors and <c>Define</c>, so it is run where that may take for ever.
/// </summary>
internal static class RuleLoader
{
    /// <summary>Loads the classes into a context of their own.</summary>
    /// <param name="compiled">The classes.</param>
    /// <param name="end">When it has taken too long.</param>
    /// <exception cref="OperationCanceledException">It has taken too long.</exception>
    public static LoadedRules Load(CompiledRules compiled, CancellationToken end)
    {
        var context = new RuleContext(compiled.Images);
        var (rules, problems) = (new List<CSharpRule>(), new List<RuleProblem>());
        var names = new Dictionary<string, RulePlace>(StringComparer.Ordinal);
        foreach (var found in compiled.Classes.OrderBy(found => found.Type, StringComparer.Ordinal))
        {
            end.ThrowIfCancellationRequested();
            try
            {
                var type = context.LoadFromAssemblyName(new AssemblyName(found.Assembly))
                    .GetType(found.Type, throwOnError: true)!;
                var rule = Make(type, found.Place);
                if (names.TryAdd(rule.Name, rule.Place)) rules.Add(rule);
                else
                    problems.Add(new RuleProblem(
                        rule.Place, $"a rule '{rule.Name}' is there already, at {names[rule.Name]}", "duplicate"));
            }
            catch (Exception e) when (!end.IsCancellationRequested)
            {
                // Whatever an author's class may throw is its refusal.
                problems.Add(new RuleProblem(
                    found.Place, $"the rule class {found.Type} defines no rule: {e.GetBaseException().Message}", "define"));
            }
        }

        return new LoadedRules(context, rules, problems);
    }

    private static CSharpRule Make(Type type, RulePlace place)
    {
        var definition = new RuleDefinitionFactory().Create((Rule)Activator.CreateInstance(type)!);
        if (!definition.RightHandSide.Actions.Any()) throw new InvalidOperationException("it has no action (Then)");
        var absence = new AbsenceVisitor();
        absence.Visit(Context.Empty, definition);
        var apps = type.GetCustomAttributes<AppsAttribute>(inherit: false)
            .Select(named => new NamedApps(named.Group, named.Target, [.. named.Ids])).ToList();
        return new CSharpRule(
            definition.Name, type.FullName!, place, apps, new RuleCompiler().Compile([definition]), absence.IsFound);
    }

    private sealed class AbsenceVisitor : RuleElementVisitor<Context>
    {
        public bool IsFound { get; private set; }

        protected override RuleElement VisitNot(Context context, NotElement element)
        {
            IsFound = true;
            return element;
        }

        protected override RuleElement VisitForAll(Context context, ForAllElement element)
        {
            IsFound = true;
            return element;
        }

        protected override RuleElement VisitAggregate(Context context, AggregateElement element)
        {
            IsFound = true;
            return element;
        }
    }
}

/// <summary>Rules that were loaded.</summary>
/// <param name="Context">Their assemblies; unloaded by whoever has it.</param>
/// <param name="Rules">The rules, by the names of their classes.</param>
/// <param name="Problems">What defines no rule.</param>
internal sealed record LoadedRules(
    RuleContext Context, IReadOnlyList<CSharpRule> Rules, IReadOnlyList<RuleProblem> Problems);
