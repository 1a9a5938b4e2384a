namespace LifecycleManager.Scaling.Targets;

/// <summary>The seam between the manager and whatever runs the apps: reads their counts and sets them.</summary>
public interface IScalingTarget
{
    /// <summary>The kind and the address, for messages: <c>marathon at http://127.0.0.1:8080/</c>.</summary>
    string Description { get; }

    /// <summary>All apps that could be scaled, as they are now.</summary>
    /// <exception cref="TargetUnavailableException">They cannot be read; the message says why.</exception>
    Task<IReadOnlyList<ScalableApp>> GetAppsAsync(CancellationToken cancellation);

    /// <summary>
    /// Whether the target says of this very app that it is gone: that a list lacks it may have other reasons. A target that
    /// cannot be asked so never says it.
    /// </summary>
    /// <param name="app">The absolute app id.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>False where the target has the app, or it does not say.</returns>
    /// <exception cref="TargetUnavailableException">It cannot be asked now.</exception>
    Task<bool> IsGoneAsync(string app, CancellationToken cancellation) => Task.FromResult(false);

    /// <summary>
    /// Asks for a count, which is set where the app is as it was seen. An answer that never came is settled by reading back where
    /// the target can, so that <see cref="ScaleStatus.Applied"/> is said exactly when the count is known to be in force.
    /// </summary>
    Task<ScaleResult> ScaleAsync(ScaleRequest request, CancellationToken cancellation);

    /// <summary>
    /// Of each app the last instance that has ended for want of memory. A target that cannot tell tells none.
    /// </summary>
    /// <exception cref="TargetUnavailableException">They cannot be read; the message says why.</exception>
    Task<IReadOnlyList<MemoryEnd>> GetMemoryEndsAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<MemoryEnd>>([]);

    /// <summary>
    /// Gives an app's count back: nobody owns it from then on, and the count stays. A target that keeps no owners has nothing
    /// to do.
    /// </summary>
    /// <param name="app">The absolute app id.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<ScaleResult> ReleaseAsync(string app, CancellationToken cancellation) =>
        Task.FromResult(new ScaleResult(ScaleStatus.Applied));
}

/// <summary>The target cannot be read. The message is one clear sentence, without secrets.</summary>
public sealed class TargetUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
