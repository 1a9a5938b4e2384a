using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Recording;

/// <summary>
/// Failures of a store that go by. Whatever else a write throws is a defect or the end of the lead, and ends the term.
/// </summary>
internal static class StoreFailures
{
    public static bool IsStoreFailure(this Exception e) =>
        e is StateUnavailableException or WriteOutcomeUnknownException or StateTooLargeException;
}
