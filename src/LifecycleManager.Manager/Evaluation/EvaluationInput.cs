using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Status;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>The inputs of the <see cref="EvaluationOwner"/>.</summary>
internal abstract record EvaluationInput
{
    /// <summary>Somebody asks for a tick.</summary>
    /// <param name="Why">What asks.</param>
    /// <param name="NotBefore">The instant that the tick must not be before, where a schedule asks; or null.</param>
    /// <param name="Answer">Gets the report; null where nobody waits.</param>
    public sealed record Tick(string Why, DateTimeOffset? NotBefore, TaskCompletionSource<TickReport>? Answer) : EvaluationInput;

    /// <summary>The target's apps were read for the tick under way.</summary>
    /// <param name="Facts">The apps; null where they could not be read.</param>
    /// <param name="Problem">Why not.</param>
    /// <param name="Defect">What was thrown and should not have been.</param>
    public sealed record AppsRead(TargetFacts? Facts, string? Problem, Exception? Defect) : EvaluationInput;

    /// <summary>A change has been carried out, or not.</summary>
    /// <param name="Record">The decision.</param>
    /// <param name="Result">What became of it; null where it was cut off: the next leader settles it.</param>
    public sealed record ChangeEnded(DecisionRecord Record, ScaleResult? Result) : EvaluationInput;

    /// <summary>The policies in force have changed.</summary>
    public sealed record PoliciesChanged : EvaluationInput;

    /// <summary>Somebody asks for what only the owner knows, or does.</summary>
    /// <param name="RunAsync">Does it at a moment, with whatever it throws as its answer.</param>
    /// <param name="Abandon">It is not done, for this cause; null where another manager leads.</param>
    public sealed record Call(Func<Moment, Task> RunAsync, Action<Exception?> Abandon) : EvaluationInput;

    /// <summary>Nothing is set off any more.</summary>
    /// <param name="Ended">Completes once the changes under way have ended.</param>
    public sealed record End(TaskCompletionSource Ended) : EvaluationInput;
}
