namespace LifecycleManager.Manager.Evaluation;

/// <summary>A tick, or a round of decisions between two ticks, whose apps are being read.</summary>
/// <param name="Asked">Who asked for it; nobody asks for a round.</param>
/// <param name="Begun">When it began.</param>
/// <param name="Clock">The same as a timestamp.</param>
internal sealed record TickUnderWay(IReadOnlyList<EvaluationInput.Tick> Asked, Moment Begun, long Clock)
{
    /// <summary>Its span; null while nobody listens.</summary>
    public System.Diagnostics.Activity? Span { get; init; }

    /// <summary>Whether all apps are decided.</summary>
    public bool IsTick => Asked.Count > 0;

    /// <summary>What asked for it.</summary>
    public string Why =>
        IsTick ? Asked.LastOrDefault(tick => tick.NotBefore is not null)?.Why ?? Asked[0].Why : "readings or time";

    /// <summary>The instant that it must not be before; null where none.</summary>
    public DateTimeOffset? NotBefore => Asked.Max(tick => tick.NotBefore);
}
