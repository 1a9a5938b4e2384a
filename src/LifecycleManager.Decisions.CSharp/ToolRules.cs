using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Decisions.CSharp;

/// <summary>Compiles and runs rules in C# for the policy tools, for as long as it lasts.</summary>
/// <param name="time">The clock, by which rules that never end are given up.</param>
public sealed class ToolRules(TimeProvider time) : IRuleFiles, IDisposable
{
    private readonly RuleBuilder _builder = new(time);

    /// <inheritdoc />
    public ICodeRules? Load(IReadOnlyList<string> paths, out IReadOnlyList<PolicyProblem> problems)
    {
        var (rules, wrong) = _builder.Load(paths);
        problems = [.. wrong.Select(problem => new PolicyProblem(
            problem.Place.File, problem.Place.Line, problem.Place.Column, PolicySeverity.Error, problem.Message, null,
            problem.Code))];
        return rules?.Code;
    }

    /// <inheritdoc />
    public void Dispose() => _builder.Dispose();
}
