using LifecycleManager.Master.Registry;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Cluster;

/// <summary>What every owner of a part of the cluster's state works with during a term.</summary>
/// <param name="MasterId">This term's id: prefix of all ids that it gives.</param>
/// <param name="Options">The master's options.</param>
/// <param name="Time">The clock.</param>
/// <param name="Loop">The one loop on which all of it runs.</param>
/// <param name="Changes">Advanced before each change of the state.</param>
/// <param name="Registry">What must be durable goes through it first.</param>
/// <param name="Metrics">The master's metrics.</param>
/// <param name="Log">The master's log.</param>
internal sealed record ClusterServices(
    string MasterId, MasterOptions Options, TimeProvider Time, ClusterLoop Loop, ChangeMark Changes, IRegistry Registry,
    MasterMetrics Metrics,
    ILogger Log)
{
    /// <summary>The time between two tries to store what has happened already.</summary>
    public static readonly TimeSpan StoreRetry = TimeSpan.FromSeconds(1);

    /// <summary>The wall clock, for stamps.</summary>
    public DateTimeOffset Now => Time.GetUtcNow();

    /// <summary>What others learn of the input that is being run.</summary>
    public ClusterEffects Effects => Loop.Effects;

    /// <summary>
    /// Makes writes durable once the input has run to its end; then, or when the store refuses them, a continuation runs on the
    /// loop.
    /// </summary>
    /// <param name="writes">None to be called in turn only.</param>
    /// <param name="durable">All is stored.</param>
    /// <param name="refused">Nothing is stored, for the cause that is passed.</param>
    public void Commit(IReadOnlyList<StateWrite> writes, Action durable, Action<string> refused) =>
        Effects.Add(() => Registry.Commit(writes, durable, refused));

    /// <summary>Deletes records; tries again until that is stored.</summary>
    public void Forget(string prefix, IReadOnlyList<string> ids)
    {
        if (ids.Count == 0) return;
        Commit([.. ids.Select(id => StateWrite.Delete(prefix + id))], static () => { },
            _ => Loop.After(StoreRetry, () => Forget(prefix, ids)));
    }
}
