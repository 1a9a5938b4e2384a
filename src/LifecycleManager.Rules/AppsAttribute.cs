namespace LifecycleManager.Rules;

/// <summary>
/// Names the apps that a rule class concerns: it sees these apps and no others, and may ask for changes of them alone. What a
/// class names is decided together. A class without it is refused.
/// </summary>
/// <param name="ids">
/// Absolute ids and globs, 1 to 100: <c>*</c> and <c>?</c> within one part of the path, <c>**</c> over parts.
/// </param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true, Inherited = false)]
public sealed class AppsAttribute(params string[] ids) : Attribute
{
    /// <summary>Absolute ids and globs.</summary>
    public IReadOnlyList<string> Ids { get; } = ids;

    /// <summary>The name under which these apps are one <see cref="Rules.Group"/> to the class; null for none.</summary>
    public string? Group { get; init; }

    /// <summary>The target of the apps; null for apps of any target.</summary>
    public string? Target { get; init; }
}
