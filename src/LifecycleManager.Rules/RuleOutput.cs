namespace LifecycleManager.Rules;

/// <summary>
/// What a rule asks for: yielded (<c>Then().Yield(_ => new AtLeast(...))</c>) or inserted (<c>Do(c => c.Insert(...))</c>). It
/// counts for an app that the rule's class names; for any other it is refused, and told.
/// </summary>
public abstract class RuleOutput
{
    /// <summary>The longest reason, in characters; a longer one is cut.</summary>
    public const int MaxReason = 500;

    private protected RuleOutput(App app, string because)
    {
        ArgumentNullException.ThrowIfNull(app);
        ArgumentException.ThrowIfNullOrWhiteSpace(because);
        App = app;
        Because = because.Length <= MaxReason && !because.Any(char.IsControl) ? because
            : string.Concat(because.Take(MaxReason).Select(c => char.IsControl(c) ? ' ' : c));
    }

    /// <summary>The app that is to change, or to stay.</summary>
    public App App { get; }

    /// <summary>The reason, for people: one line.</summary>
    public string Because { get; }
}

/// <summary>
/// At least so many instances. It raises <see cref="Rules.App.Wanted"/>, so that the rules of the next round see it; the app's
/// bounds stay in force.
/// </summary>
public sealed class AtLeast : RuleOutput
{
    /// <param name="app">The app.</param>
    /// <param name="count">The count; 0 or more.</param>
    /// <param name="because">The reason, for people; not blank.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    public AtLeast(App app, int count, string because)
        : base(app, because)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        Count = count;
    }

    /// <summary>The count.</summary>
    public int Count { get; }
}

/// <summary>
/// At most so many instances, once all rounds are done: it calls forth nothing before the next decision, and yields to
/// <see cref="AtLeast"/>.
/// </summary>
public sealed class AtMost : RuleOutput
{
    /// <inheritdoc cref="AtLeast(Rules.App, int, string)" />
    public AtMost(App app, int count, string because)
        : base(app, because)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        Count = count;
    }

    /// <summary>The count.</summary>
    public int Count { get; }
}

/// <summary>No change in a direction, once all rounds are done.</summary>
public sealed class Hold : RuleOutput
{
    /// <param name="app">The app.</param>
    /// <param name="direction">What is not to happen.</param>
    /// <param name="because">The reason, for people; not blank.</param>
    public Hold(App app, Direction direction, string because)
        : base(app, because) => Direction = direction;

    /// <summary>What is not to happen.</summary>
    public Direction Direction { get; }
}

/// <summary>A direction of scaling.</summary>
public enum Direction
{
    /// <summary>More instances.</summary>
    ScaleOut,

    /// <summary>Fewer instances.</summary>
    ScaleIn,

    /// <summary>More or fewer.</summary>
    Both,
}
