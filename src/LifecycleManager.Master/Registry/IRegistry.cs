using LifecycleManager.Storage;

namespace LifecycleManager.Master.Registry;

/// <summary>The durable part of the master's state, as its core sees it.</summary>
internal interface IRegistry
{
    /// <summary>Makes writes durable, in the order of the calls, then runs the continuation on the master's loop.</summary>
    void Commit(IReadOnlyList<StateWrite> writes, Action durable);
}
