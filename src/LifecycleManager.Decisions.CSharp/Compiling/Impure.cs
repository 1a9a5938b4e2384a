namespace LifecycleManager.Decisions.CSharp.Compiling;

/// <summary>
/// What rules must not use, since they would decide otherwise in a test, in a replay and on another machine: clocks,
/// randomness, files, threads. It finds mistakes; it is no sandbox.
/// </summary>
internal static class Impure
{
    private static readonly string[] Spaces =
        ["System.IO", "System.Net", "System.Threading", "System.Diagnostics", "System.Runtime.InteropServices"];

    private static readonly HashSet<string> Types =
        ["Random", "TimeProvider", "Environment", "AppDomain", "AppContext", "GC", "Console"];

    /// <summary>What compilers put into an assembly for iterators and collection expressions.</summary>
    private static readonly HashSet<string> Generated =
        ["CancellationToken", "CollectionsMarshal", "ImmutableCollectionsMarshal", "MemoryMarshal"];

    /// <summary>Members of types of <c>System</c> that are else welcome.</summary>
    private static readonly HashSet<(string Type, string Member)> Members =
    [
        ("DateTime", "Now"), ("DateTime", "UtcNow"), ("DateTime", "Today"), ("DateTimeOffset", "Now"),
        ("DateTimeOffset", "UtcNow"), ("TimeZoneInfo", "Local"), ("Guid", "NewGuid"), ("Guid", "CreateVersion7"),
    ];

    /// <summary>Why a member must not be used; null where it may be.</summary>
    /// <param name="space">The namespace of its type.</param>
    /// <param name="type">The name of its type.</param>
    /// <param name="member">Its name; null for the type itself.</param>
    public static string? Find(string space, string type, string? member)
    {
        if (type.EndsWith("Attribute", StringComparison.Ordinal) || Generated.Contains(type)
            || member == "CurrentManagedThreadId")
        {
            return null;
        }

        if (space == "System" && member is not null && Members.Contains((type, member)))
            return type is "Guid" ? $"{type}.{member} is another one each time; rules are functions of their facts"
                : $"{type}.{member} is the machine's clock; match the Clock fact";
        return (space == "System" && Types.Contains(type))
            || Spaces.Any(other => space == other || space.StartsWith(other + ".", StringComparison.Ordinal))
            ? $"{space}.{type} is not for rules: they are functions of their facts" : null;
    }
}
