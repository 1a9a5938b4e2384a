using LifecycleManager.Primitives.Text;
using LifecycleManager.Rules;

namespace LifecycleManager.Decisions.CSharp.Loading;

/// <summary>The apps that one <see cref="AppsAttribute"/> names.</summary>
/// <param name="Group">The name of the group that they are; null for none.</param>
/// <param name="Target">Their target; null for any.</param>
/// <param name="Ids">Ids and globs.</param>
internal sealed record NamedApps(string? Group, string? Target, IReadOnlyList<string> Ids)
{
    /// <summary>Whether an app is one of them.</summary>
    public bool Has(string target, string id) => (Target is null || Target == target)
        && Ids.Any(glob => glob == id || (glob.AsSpan().IndexOfAny('*', '?') >= 0 && Glob.IsMatch(glob, id, paths: true)));
}
