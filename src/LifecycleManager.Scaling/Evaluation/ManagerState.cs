using LifecycleManager.Scaling.Status;

namespace LifecycleManager.Scaling.Evaluation;

/// <summary>
/// What a manager shows of itself. While it leads the term's owner alone writes it, else whoever runs the terms; anybody may read
/// it.
/// </summary>
internal sealed class ManagerState
{
    private volatile ManagerSnapshot _snapshot = ManagerSnapshot.Empty;
    private volatile ManagerTerm? _term;

    /// <summary>What was known at the last tick.</summary>
    public ManagerSnapshot Snapshot { get => _snapshot; set => _snapshot = value; }

    /// <summary>The term under way; null while another manager leads, or none.</summary>
    public ManagerTerm? Term { get => _term; set => _term = value; }
}
