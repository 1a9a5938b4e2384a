using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Manager.Pausing;

/// <summary>A pause: scaling that a user has suspended.</summary>
internal sealed record PauseEntry
{
    /// <summary>The app; null for every app.</summary>
    public string? App { get; init; }

    /// <summary>Which directions.</summary>
    public required Pause What { get; init; }

    /// <summary>The reason, in plain words.</summary>
    public string? Reason { get; init; }

    /// <summary>Since when.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Until when; null until it is resumed.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <inheritdoc />
    public override string ToString()
    {
        var what = What switch { Pause.ScaleIn => "scale-in", Pause.ScaleOut => "scale-out", _ => "scaling" };
        var scope = App is null ? " of every app" : "";
        var until = Until is { } end ? $" until {end.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z" : "";
        return $"{what}{scope} was paused by hand at {Since.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z{until}"
            + (Reason is null ? "" : ": " + Reason);
    }
}
