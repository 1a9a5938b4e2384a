using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Decisions.Facts;

/// <summary>
/// Which apps a policy governs: exact ids, globs (<c>*</c> and <c>?</c> within one part of the path, <c>**</c> over parts), or
/// labels whose values may be globs. An app is selected when it matches one of the ids (where there are any), all of the labels,
/// and none of the exceptions.
/// </summary>
public sealed record AppSelector
{
    /// <summary>Ids and globs; empty to select by labels alone.</summary>
    public IReadOnlyList<string> Ids { get; init; } = [];

    /// <summary>Labels that the app must have, with the globs of their values.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Labels { get; init; } = [];

    /// <summary>Ids and globs of apps that are not selected all the same.</summary>
    public IReadOnlyList<string> Except { get; init; } = [];

    /// <summary>As people write it: <c>/brownfield/search-*</c>, <c>/a, /b</c> or <c>labels team=search</c>.</summary>
    public string Text => string.Join(" and ", Parts());

    /// <summary>Whether it names its apps one by one, so that no app has to be matched against it.</summary>
    public bool IsExact => Ids.Count > 0 && Labels.Count == 0 && Except.Count == 0 && Ids.All(id => !IsGlob(id));

    /// <summary>How closely an app is named: 3 by its id, 2 by a glob, 1 by labels alone; 0 where it is not selected.</summary>
    public int Match(AppRef app)
    {
        foreach (var glob in Except)
        {
            if (Glob.IsMatch(glob, app.Id, paths: true)) return 0;
        }

        var closeness = Ids.Count == 0 ? 1 : 0;
        foreach (var id in Ids)
        {
            if (closeness < 3 && id == app.Id) closeness = 3;
            else if (closeness < 2 && IsGlob(id) && Glob.IsMatch(id, app.Id, paths: true)) closeness = 2;
        }

        if (closeness == 0) return 0;
        foreach (var (key, glob) in Labels)
        {
            if (app.Labels is null || !app.Labels.TryGetValue(key, out var value) || !Glob.IsMatch(glob, value, paths: false))
                return 0;
        }

        return closeness;
    }

    internal static bool IsGlob(string id) => id.AsSpan().IndexOfAny('*', '?') >= 0;

    private IEnumerable<string> Parts()
    {
        if (Ids.Count > 0) yield return string.Join(", ", Ids);
        if (Labels.Count > 0) yield return "labels " + string.Join(", ", Labels.Select(label => label.Key + "=" + label.Value));
        if (Except.Count > 0) yield return "not " + string.Join(", ", Except);
    }
}
