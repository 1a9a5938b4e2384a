namespace LifecycleManager.Scaling.Targets;

/// <summary>
/// A target that is read and never changed, whoever asks: of a manager that only watches. The last of several guards, and the one
/// that does not rely on the others.
/// </summary>
internal sealed class ReadOnlyTarget(IScalingTarget target) : IScalingTarget
{
    private static readonly ScaleResult Refusal = new(ScaleStatus.Refused, "this manager only watches (--dry-run)");

    public string Description => target.Description;

    public Task<IReadOnlyList<ScalableApp>> GetAppsAsync(CancellationToken cancellation) => target.GetAppsAsync(cancellation);

    public Task<bool> IsGoneAsync(string app, CancellationToken cancellation) => target.IsGoneAsync(app, cancellation);

    public Task<IReadOnlyList<MemoryEnd>> GetMemoryEndsAsync(CancellationToken cancellation) =>
        target.GetMemoryEndsAsync(cancellation);

    public Task<ScaleResult> ScaleAsync(ScaleRequest request, CancellationToken cancellation) => Task.FromResult(Refusal);

    public Task<ScaleResult> ReleaseAsync(string app, CancellationToken cancellation) => Task.FromResult(Refusal);
}
