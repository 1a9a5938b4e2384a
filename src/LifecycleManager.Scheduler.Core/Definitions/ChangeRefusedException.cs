namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>A change cannot be made: 422.</summary>
internal sealed class ChangeRefusedException(IReadOnlyList<ChangeProblem> problems)
    : Exception(string.Join("; ", problems.Select(problem => $"{problem.Path}: {problem.Message}")))
{
    /// <summary>What is wrong, and where.</summary>
    public IReadOnlyList<ChangeProblem> Problems { get; } = problems;
}

/// <summary>What is wrong with a change at one path.</summary>
/// <param name="Path">Where, <c>/id</c>.</param>
/// <param name="Message">What.</param>
internal sealed record ChangeProblem(string Path, string Message);
