namespace LifecycleManager.Protocol.Marathon;

/// <summary>
/// The label <c>lcm.expandEnv</c> of an app: whether the values of its environment may name what the scheduler knows of an
/// instance, as <c>$PORT0</c>.
/// </summary>
public static class ExpandLabel
{
    /// <summary>The label's name.</summary>
    public const string Name = "lcm.expandEnv";

    /// <summary>What its value is, for people.</summary>
    public const string Form = "must be true or false";

    /// <summary>Whether a value is one.</summary>
    /// <param name="value">The label's value.</param>
    public static bool IsValid(string value) => value is "true" or "false";

    /// <summary>Whether labels ask for it.</summary>
    /// <param name="labels">An app's labels.</param>
    public static bool IsSet(IReadOnlyDictionary<string, string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return labels.TryGetValue(Name, out var value) && value == "true";
    }
}
