using LifecycleManager.Decisions.Engine;
using LifecycleManager.Manager.Recording;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>Why an app's count is what it is.</summary>
/// <param name="Decision">The last evaluation, with that tick's values.</param>
/// <param name="Opinions">What each rule said.</param>
/// <param name="Evidence">The samples that there are for it now.</param>
internal sealed record Explanation(Decision Decision, IReadOnlyList<RuleReport> Opinions, IReadOnlyList<MetricEvidence> Evidence);
