using LifecycleManager.Manager.Status;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>
/// The published state of a manager. While it leads, only the owner of its term writes it, else the service that runs the terms;
/// any thread may read it.
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
