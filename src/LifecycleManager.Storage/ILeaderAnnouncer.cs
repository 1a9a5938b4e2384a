namespace LifecycleManager.Storage;

/// <summary>
/// An election whose leaders can also be found by those who know nothing of it, by the nodes of a convention of theirs.
/// </summary>
public interface ILeaderAnnouncer
{
    /// <summary>
    /// Makes a node beside the election's own, for as long as the leadership lasts: of several with one prefix the lowest number
    /// is of the one who has led for the longest time.
    /// </summary>
    /// <param name="leadership">A leadership of this election.</param>
    /// <param name="prefix">The beginning of the node's name; a number follows.</param>
    /// <param name="data">What it holds. Nobody else's holds the same.</param>
    /// <param name="cancellation">Ends the wait; the node may be made all the same.</param>
    /// <exception cref="StateUnavailableException">The servers do not answer, or refuse it.</exception>
    Task AnnounceAsync(ILeadership leadership, string prefix, ReadOnlyMemory<byte> data,
        CancellationToken cancellation = default);
}
