using LifecycleManager.Decisions.Rules;

namespace LifecycleManager.Decisions.Engine;

/// <summary>By what a hold is known again, so that one that lasts is told once.</summary>
internal static class HoldSignature
{
    /// <summary>Tells two holds apart by what held, not by the values that were seen.</summary>
    public static int Of(AppMemory state)
    {
        var hash = (((state.Opinions.Wanted.Rule * 31) + state.To) * 31) + state.Outcome.Signature;
        for (var i = 0; i < state.StepCount; i++) hash = (hash * 31) + ((int)state.Steps[i].Kind * 1009) + state.Steps[i].From;
        foreach (ref readonly var opinion in state.Opinions.All)
        {
            // A wait that begins or ends is no news of its own.
            var verdict = opinion.Verdict == RuleVerdict.Waiting ? RuleVerdict.None : opinion.Verdict;
            hash = (hash * 31) + ((int)verdict * 17) + opinion.Count;
        }

        return hash;
    }
}
