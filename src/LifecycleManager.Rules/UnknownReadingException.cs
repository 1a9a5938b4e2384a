namespace LifecycleManager.Rules;

/// <summary>
/// A rule read what is unknown. Rules let it pass; the decision engine takes the rule for unknown, and what it names does not
/// shrink.
/// </summary>
public sealed class UnknownReadingException : Exception
{
    /// <summary>A metric whose value is unknown.</summary>
    /// <param name="app">The app's id.</param>
    /// <param name="reading">The metric's name.</param>
    /// <param name="isDefined">Whether the app's policy has a metric of this name.</param>
    public UnknownReadingException(string app, string reading, bool isDefined)
        : base(isDefined ? $"{reading} of {app} is unknown" : $"the policy of {app} has no metric '{reading}'")
    {
    }

    /// <summary>Something else that is unknown.</summary>
    /// <param name="message">What, for people.</param>
    public UnknownReadingException(string message)
        : base(message)
    {
    }
}
