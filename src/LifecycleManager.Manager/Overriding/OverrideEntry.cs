namespace LifecycleManager.Manager.Overriding;

/// <summary>A count that a person has given an app in place of its policy's, for a time.</summary>
internal sealed record OverrideEntry
{
    /// <summary>The absolute app id.</summary>
    public required string App { get; init; }

    /// <summary>The count; 0 suspends the app until the override ends.</summary>
    public required int Instances { get; init; }

    /// <summary>The reason, in plain words.</summary>
    public string? Reason { get; init; }

    /// <summary>Who; null where nobody is asked who he is.</summary>
    public string? By { get; init; }

    /// <summary>Since when.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Until when; the policy takes over again then.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>An override has brought the app to 0, and not yet back: true, else null.</summary>
    public bool? FromZero { get; init; }

    /// <summary>Whether a count of 0 may be this override's doing.</summary>
    internal bool HoldsZero => Instances == 0 || FromZero == true;

    /// <inheritdoc />
    public override string ToString() =>
        $"overridden by {By ?? "hand"} at {Since.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z: {Instances} until "
        + $"{Until.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z" + (Reason is null ? "" : ": " + Reason);
}
