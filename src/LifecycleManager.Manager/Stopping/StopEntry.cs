namespace LifecycleManager.Manager.Stopping;

/// <summary>That a person has stopped all changes.</summary>
internal sealed record StopEntry
{
    /// <summary>Since when.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Who; null where nobody is asked who he is.</summary>
    public string? By { get; init; }

    /// <summary>The reason, in plain words.</summary>
    public string? Reason { get; init; }

    /// <inheritdoc />
    public override string ToString() =>
        $"stopped by {By ?? "hand"} at {Since.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z" + (Reason is null ? "" : ": " + Reason);
}
