using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Decisions.Facts;

/// <summary>Whether selectors have apps in common, as far as their texts tell.</summary>
internal static class SelectorOverlap
{
    private static readonly char[] Wildcards = ['*', '?'];

    /// <summary>Whether some app may be selected by both. It errs to the side of "possible".</summary>
    public static bool CanMeet(AppSelector one, AppSelector other)
    {
        foreach (var (key, value) in one.Labels)
        {
            if (other.Labels.Any(label => label.Key == key && !CanMeet(label.Value, value))) return false;
        }

        return one.Ids.Count == 0 || other.Ids.Count == 0 || HaveIdsInCommon(one, other);
    }

    /// <summary>Whether their ids alone have an app in common: what only labels might join is left out.</summary>
    public static bool HaveIdsInCommon(AppSelector one, AppSelector other) =>
        one.Ids.Any(a => other.Ids.Any(b => CanMeet(a, b) && !IsExcluded(a, other) && !IsExcluded(b, one)));

    private static bool IsExcluded(string id, AppSelector by) =>
        !AppSelector.IsGlob(id) && by.Except.Any(glob => Glob.IsMatch(glob, id, paths: true));

    private static bool CanMeet(string a, string b) => (AppSelector.IsGlob(a), AppSelector.IsGlob(b)) switch
    {
        (false, false) => a == b,
        (true, false) => Glob.IsMatch(a, b, paths: true),
        (false, true) => Glob.IsMatch(b, a, paths: true),
        _ => Head(a) is var one && Head(b) is var other
            && (one.StartsWith(other, StringComparison.Ordinal) || other.StartsWith(one, StringComparison.Ordinal)),
    };

    private static string Head(string glob) => glob[..glob.IndexOfAny(Wildcards)];
}
