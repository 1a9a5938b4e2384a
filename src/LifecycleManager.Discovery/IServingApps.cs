using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Discovery;

/// <summary>What runs, as the leading scheduler knows it.</summary>
public interface IServingApps
{
    /// <summary>
    /// Apps with their instances as their <see cref="App.Tasks"/>, in the states in which <c>/v2/tasks</c> shows them. Quick, and
    /// callable from any thread.
    /// </summary>
    /// <param name="wanted">Which apps, by their labels.</param>
    /// <returns>Null while another scheduler leads, or none.</returns>
    IReadOnlyList<App>? Read(Func<IReadOnlyDictionary<string, string>, bool> wanted);
}
