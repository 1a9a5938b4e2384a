namespace LifecycleManager.Decisions.Engine.Islands;

/// <summary>What rules over several apps, and budgets, demand of one app.</summary>
internal sealed record Outcome
{
    /// <summary>Nothing is demanded.</summary>
    public static Outcome None { get; } = new();

    /// <summary>The greatest count that it is to have at least; -1 for none.</summary>
    public int AtLeast { get; init; } = -1;

    /// <summary>The least count that it is to have at most; -1 for none.</summary>
    public int AtMost { get; init; } = -1;

    /// <summary>Whose <see cref="AtLeast"/> it is.</summary>
    public Firing? AtLeastBy { get; init; }

    /// <summary>Whose <see cref="AtMost"/> it is.</summary>
    public Firing? AtMostBy { get; init; }

    /// <summary>What keeps it from shrinking; null where nothing does.</summary>
    public Firing? NoScaleIn { get; init; }

    /// <summary>What keeps it from growing; null where nothing does.</summary>
    public Firing? NoScaleOut { get; init; }

    /// <summary>The most that budgets let it have; null where none limits it.</summary>
    public Grant? Limit { get; init; }

    /// <summary>Whether <see cref="AtMost"/> waits for the room that was made to be taken, and until when; null where not.</summary>
    public RoomMade? Room { get; init; }

    /// <summary>Everything that was demanded, those that lost included, in the order of the rules.</summary>
    public IReadOnlyList<Firing> Firings { get; init; } = [];

    /// <summary>A digest of what matters to the count.</summary>
    public int Signature => HashCode.Combine(
        (AtLeast, AtLeastBy?.Rule), (AtMost, AtMostBy?.Rule), NoScaleIn?.Rule, NoScaleOut?.Rule, Limit?.Count, Room?.Count);
}

/// <summary>What a budget lets an app have.</summary>
/// <param name="Budget">The budget's name.</param>
/// <param name="Count">The most instances.</param>
/// <param name="Why">For people: what is used, what is allowed.</param>
internal sealed record Grant(string Budget, int Count, string Why);
