using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Security.Admission;

/// <summary>
/// Patterns of paths, of apps as of machines: <c>*</c> stops at slashes, <c>**</c> does not, and <c>/shop/**</c> is
/// <c>/shop</c> and all below.
/// </summary>
internal static class PathPattern
{
    private const string Below = "/**";

    public static bool IsMatch(string pattern, string path) => Glob.IsMatch(pattern, path, paths: true)
        || (pattern.EndsWith(Below, StringComparison.Ordinal)
            && Glob.IsMatch(pattern.AsSpan(0, pattern.Length - Below.Length), path, paths: true));

    /// <summary>What stands before the first wildcard, in whole parts of the path.</summary>
    public static string Fixed(string pattern)
    {
        var wildcard = pattern.AsSpan().IndexOfAny('*', '?');
        return wildcard < 0 ? pattern : pattern[..Math.Max(0, pattern.LastIndexOf('/', wildcard))];
    }
}
