namespace LifecycleManager.Decisions.Schedules;

/// <summary>When something happens: once, or again and again. Immutable, and for any thread.</summary>
public abstract class Recurrence
{
    /// <summary>As people write it.</summary>
    public abstract string Text { get; }

    /// <summary>The first instant that is after another; null where there is none any more.</summary>
    public abstract DateTimeOffset? Next(DateTimeOffset after);

    /// <inheritdoc />
    public override string ToString() => Text;
}
