namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>The id of an app or group: an absolute path, <c>/group/app</c>; <c>/</c> is the root group.</summary>
/// <param name="Path">The path, with its leading slash and without one at its end.</param>
internal readonly record struct AppId(string Path) : IComparable<AppId>
{
    /// <summary>The root group.</summary>
    public static readonly AppId Root = new("/");

    /// <summary>Whether it is the root group.</summary>
    public bool IsRoot => Path.Length <= 1;

    /// <summary>The last part, <c>app</c>; empty for the root.</summary>
    public string Name => IsRoot ? "" : Path[(Path.LastIndexOf('/') + 1)..];

    /// <summary>The group that it is in; the root is its own parent.</summary>
    public AppId Parent => IsRoot || Path.LastIndexOf('/') is 0 ? Root : new AppId(Path[..Path.LastIndexOf('/')]);

    /// <summary>The groups that it is in, from the root down.</summary>
    public IEnumerable<AppId> Ancestors
    {
        get
        {
            if (IsRoot) yield break;
            yield return Root;
            for (var at = Path.IndexOf('/', 1); at > 0; at = Path.IndexOf('/', at + 1)) yield return new AppId(Path[..at]);
        }
    }

    /// <summary>Its parts, from the root down.</summary>
    public IReadOnlyList<string> Segments => IsRoot ? [] : Path[1..].Split('/');

    /// <summary>The form for names that may hold no slash: <c>group_app</c>.</summary>
    public string Safe => IsRoot ? "" : Path[1..].Replace('/', '_');

    /// <summary>Whether it is a group or below it.</summary>
    public bool IsWithin(AppId group) =>
        group.IsRoot || Path == group.Path
        || (Path.Length > group.Path.Length && Path[group.Path.Length] == '/'
            && Path.StartsWith(group.Path, StringComparison.Ordinal));

    /// <summary>What is named so within it.</summary>
    public AppId Child(string name) => new(IsRoot ? "/" + name : Path + "/" + name);

    /// <summary>
    /// From text as people write it: with or without the leading slash (then within <paramref name="group"/>), with <c>.</c> and
    /// <c>..</c>, with a slash too many. Syntax is not looked at: see <see cref="AppIdSyntax"/>.
    /// </summary>
    public static AppId Resolve(string text, AppId group)
    {
        var parts = new List<string>(text.StartsWith('/') ? [] : group.Segments);
        foreach (var part in text.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == ".") continue;
            if (part != "..") parts.Add(part);
            else if (parts.Count > 0) parts.RemoveAt(parts.Count - 1);
        }

        return new AppId("/" + string.Join('/', parts));
    }

    /// <summary>Ordinal.</summary>
    public int CompareTo(AppId other) => string.CompareOrdinal(Path, other.Path);

    /// <summary>The path.</summary>
    public override string ToString() => Path;

    /// <summary>Ordinal.</summary>
    public static bool operator <(AppId left, AppId right) => left.CompareTo(right) < 0;

    /// <summary>Ordinal.</summary>
    public static bool operator >(AppId left, AppId right) => left.CompareTo(right) > 0;

    /// <summary>Ordinal.</summary>
    public static bool operator <=(AppId left, AppId right) => left.CompareTo(right) <= 0;

    /// <summary>Ordinal.</summary>
    public static bool operator >=(AppId left, AppId right) => left.CompareTo(right) >= 0;
}
