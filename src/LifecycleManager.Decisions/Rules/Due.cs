namespace LifecycleManager.Decisions.Rules;

/// <summary>When something may change by time alone: an instant of the steady clock, and one of the wall clock.</summary>
/// <param name="Steady">For waits.</param>
/// <param name="Wall">For schedules.</param>
public readonly record struct Due(DateTimeOffset Steady, DateTimeOffset Wall)
{
    /// <summary>By time alone nothing changes.</summary>
    public static Due Never => new(DateTimeOffset.MaxValue, DateTimeOffset.MaxValue);

    /// <summary>Whenever the app is decided next: no instant of its own.</summary>
    public static Due Now => new(DateTimeOffset.MinValue, DateTimeOffset.MinValue);

    /// <summary>The earlier of both.</summary>
    public Due And(Due other) => new(Steady < other.Steady ? Steady : other.Steady, Wall < other.Wall ? Wall : other.Wall);
}
