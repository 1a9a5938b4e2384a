using LifecycleManager.Storage;

namespace LifecycleManager.Master.Registry;

/// <summary>The durable part of the master's state, as the owners of the state see it.</summary>
internal interface IRegistry
{
    /// <summary>How many calls wait for the store.</summary>
    int Queued { get; }

    /// <summary>
    /// Makes writes durable, in the order of the calls; then, or when the store refuses them, a continuation runs on the master's
    /// loop.
    /// </summary>
    /// <param name="writes">None to be called in turn only.</param>
    /// <param name="durable">All is stored.</param>
    /// <param name="refused">
    /// Nothing is stored, for the cause that is passed: the store has refused writes for some seconds, and all that waited are
    /// withdrawn, the newest first.
    /// </param>
    /// <exception cref="InvalidOperationException">Too many writes wait.</exception>
    void Commit(IReadOnlyList<StateWrite> writes, Action durable, Action<string> refused);
}
