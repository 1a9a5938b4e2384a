using System.Text.RegularExpressions;

namespace LifecycleManager.Scheduler.Core.Launching;

/// <summary>
/// Variables in the values of an app's environment: <c>$NAME</c> and <c>${NAME}</c> of those that the scheduler sets; <c>$$</c>
/// is a dollar sign. What is no such variable stays as it is, since the app may mean it otherwise.
/// </summary>
internal static partial class EnvironmentExpansion
{
    /// <summary>A value with its variables replaced.</summary>
    /// <param name="value">The value.</param>
    /// <param name="known">What the scheduler sets.</param>
    public static string Expand(string value, IReadOnlyDictionary<string, string> known) => Variables().Replace(value, match =>
        match.Value == "$$" ? "$"
        : known.GetValueOrDefault(match.Groups[1].Success ? match.Groups[1].Value : match.Groups[2].Value, match.Value));

    [GeneratedRegex(@"\$\$|\$([A-Za-z_][A-Za-z0-9_]*)|\$\{([A-Za-z_][A-Za-z0-9_]*)\}")]
    private static partial Regex Variables();
}
