using System.Runtime.CompilerServices;
using LifecycleManager.Scheduler.Core.Definitions;

namespace LifecycleManager.Scheduler.Core.Context;

/// <summary>Which apps may be started: rules that may change while apps run, and are somebody else's to read.</summary>
/// <param name="judge">What of a definition is not admitted, and where it stands.</param>
internal sealed class AdmissionGate(Func<AppDefinition, IReadOnlyList<ChangeProblem>> judge)
{
    private ConditionalWeakTable<AppDefinition, IReadOnlyList<ChangeProblem>> _known = [];

    /// <summary>Other rules are in force from now on.</summary>
    public void Change(Func<AppDefinition, IReadOnlyList<ChangeProblem>> other) => (judge, _known) = (other, []);

    /// <summary>What of a definition is not admitted; empty where it may be started.</summary>
    public IReadOnlyList<ChangeProblem> Problems(AppDefinition app) => _known.GetValue(app, key => judge(key));

    /// <summary>The same for people; null where it may be started.</summary>
    public string? WhyNot(AppDefinition app) => Problems(app) is { Count: > 0 } problems
        ? string.Join("; ", problems.Select(problem => $"{problem.Path}: {problem.Message}")) : null;
}
