namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>An app at one version, with when it was last scaled and changed.</summary>
/// <param name="Definition">The definition.</param>
/// <param name="LastScalingAt">The version that last changed the count.</param>
/// <param name="LastConfigChangeAt">The version that last changed anything else.</param>
internal sealed record AppRecord(AppDefinition Definition, DateTimeOffset LastScalingAt, DateTimeOffset LastConfigChangeAt)
{
    /// <summary>The policy that owns the count.</summary>
    public string? CountOwner { get; init; }

    /// <summary>A person has ordered 0 instances, and nobody has asked for more since.</summary>
    public bool IsSuspended { get; init; }

    /// <summary>The version that made the app; one that is deleted and made anew has another.</summary>
    public DateTimeOffset CreatedAt { get; init; } = LastConfigChangeAt;

    /// <summary>The stored versions, newest first, this one included.</summary>
    public IReadOnlyList<DateTimeOffset> Versions { get; init; } = [];

    /// <summary>This version with what has become of the count's ownership since; the very same where nothing has.</summary>
    public AppRecord OwnedAs(AppRecord current) =>
        CountOwner == current.CountOwner && IsSuspended == current.IsSuspended
            ? this : this with { CountOwner = current.CountOwner, IsSuspended = current.IsSuspended };

    /// <summary>What an app becomes by a definition; the very same record where nothing changes.</summary>
    public static AppRecord Successor(AppRecord? before, AppDefinition definition, DateTimeOffset version, bool restart)
    {
        if (before is null) return new AppRecord(definition.WithVersion(version), version, version) { Versions = [version] };
        if (!restart && ReferenceEquals(before.Definition, definition)) return before;
        var sameCount = before.Definition.Instances == definition.Instances;
        var sameRest = before.Definition.SameAs(definition, count: false);
        if (sameCount && sameRest && !restart) return before;
        return before with
        {
            Definition = definition.WithVersion(version),
            LastScalingAt = version,
            LastConfigChangeAt = sameRest && !restart ? before.LastConfigChangeAt : version,
        };
    }
}
