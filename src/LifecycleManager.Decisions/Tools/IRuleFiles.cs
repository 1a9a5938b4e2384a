using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tools;

/// <summary>
/// Rules that are code, for the tools: what they run has the rights of whoever runs them, so they are given it only where that
/// was asked for.
/// </summary>
public interface IRuleFiles
{
    /// <summary>Reads and compiles files, together: all of them, or none.</summary>
    /// <param name="paths">The files.</param>
    /// <param name="problems">What is wrong with them.</param>
    /// <returns>The rules; null where something is wrong.</returns>
    ICodeRules? Load(IReadOnlyList<string> paths, out IReadOnlyList<PolicyProblem> problems);
}
