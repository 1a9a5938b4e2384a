using LifecycleManager.Scaling.Recording;
using LifecycleManager.Scaling.Status;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Scaling.Evaluation;

/// <summary>What the <see cref="EvaluationOwner"/> is told and asked.</summary>
internal abstract record EvaluationInput
{
    /// <summary>Somebody asks for a tick.</summary>
    /// <param name="Why">What asks.</param>
    /// <param name="NotBefore">The instant that the tick must not be before, where a schedule asks; or null.</param>
    /// <param name="Answer">Gets the report; null where nobody waits.</param>
    public sealed record Tick(string Why, DateTimeOffset? NotBefore, TaskCompletionSource<TickReport>? Answer) : EvaluationInput;

    /// <summary>The target's apps were read for the tick under way.</summary>
    /// <param name="Apps">The apps; null where they could not be read.</param>
    /// <param name="Problem">Why not.</param>
    /// <param name="Defect">What was thrown and should not have been.</param>
    public sealed record AppsRead(IReadOnlyList<ScalableApp>? Apps, string? Problem, Exception? Defect) : EvaluationInput;

    /// <summary>A change has been carried out, or not.</summary>
    /// <param name="Record">The decision.</param>
    /// <param name="Result">What became of it; null where it was cut off: whoever leads next settles it.</param>
    public sealed record ChangeEnded(DecisionRecord Record, ScaleResult? Result) : EvaluationInput;

    /// <summary>The policies in force have changed.</summary>
    public sealed record PoliciesChanged : EvaluationInput;

    /// <summary>Somebody asks why an app's count is what it is.</summary>
    public sealed record Explain(string App, TaskCompletionSource<Explanation?> Answer) : EvaluationInput;

    /// <summary>Nothing is set off any more.</summary>
    /// <param name="Ended">Completes once the changes under way have ended.</param>
    public sealed record End(TaskCompletionSource Ended) : EvaluationInput;
}
