using LifecycleManager.Manager.Recording;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>
/// A decision that met another app than it was made from is made again at once: once, so that two who set a count against each
/// other do not keep all others busy; after that at the next tick. Of one owner.
/// </summary>
internal sealed class DecidedAgain
{
    private readonly HashSet<string> _apps = new(StringComparer.Ordinal);

    /// <summary>Whether to decide again at once, by what came of a decision.</summary>
    public bool Take(DecisionRecord record)
    {
        if (record.Outcome == DecisionOutcome.Outdated && _apps.Add(record.App)) return true;
        _apps.Remove(record.App);
        return false;
    }

    /// <summary>Forgets an app that is gone.</summary>
    public void Forget(string app) => _apps.Remove(app);
}
