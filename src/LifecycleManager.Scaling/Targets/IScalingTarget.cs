namespace LifecycleManager.Scaling.Targets;

/// <summary>The seam between the manager and whatever runs the apps: reads their counts and sets them.</summary>
internal interface IScalingTarget
{
    /// <summary>What it is and where, for people: <c>marathon at http://127.0.0.1:8080/</c>.</summary>
    string Description { get; }

    /// <summary>All apps that could be scaled, as they are now.</summary>
    /// <exception cref="TargetUnavailableException">They cannot be read; the message says why.</exception>
    Task<IReadOnlyList<ScalableApp>> GetAppsAsync(CancellationToken cancellation);

    /// <summary>
    /// Asks for a count. An answer that never came is settled by reading back where the target can, so that
    /// <see cref="ScaleStatus.Applied"/> is said exactly when the count is known to be in force.
    /// </summary>
    Task<ScaleResult> ScaleAsync(ScaleRequest request, CancellationToken cancellation);
}

/// <summary>The target cannot be read. The message is one clear sentence, without secrets.</summary>
internal sealed class TargetUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
