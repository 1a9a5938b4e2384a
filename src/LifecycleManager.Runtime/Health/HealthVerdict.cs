namespace LifecycleManager.Runtime.Health;

/// <summary>Whether a role can do its work. A role that starts or stands by can: it is what it is there for.</summary>
/// <param name="State">What it does: <c>leading</c>, <c>standing by</c>, <c>starting</c>.</param>
/// <param name="Reasons">Why it cannot do its work; empty where it can.</param>
public sealed record HealthVerdict(string State, IReadOnlyList<string> Reasons)
{
    /// <summary>What whoever runs it should know, though it can do its work.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>It can do its work.</summary>
    public bool IsUp => Reasons.Count == 0;

    /// <summary><c>UP</c> or <c>DOWN</c>, the words of Spring Boot's actuator.</summary>
    public string Status => IsUp ? "UP" : "DOWN";

    /// <summary>One line for people: the reasons, or the state.</summary>
    public string Detail => IsUp ? State : string.Join("; ", Reasons);
}
