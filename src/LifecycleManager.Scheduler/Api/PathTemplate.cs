namespace LifecycleManager.Scheduler.Api;

/// <summary>
/// A path with parameters: <c>{name}</c> is one segment, <c>{**name}</c>, of which there is one at most, some. What follows on
/// <c>::</c> is a segment of its own.
/// </summary>
internal sealed class PathTemplate(string template)
{
    private const string Verb = "::";

    private readonly string[] _segments = Split(template);

    /// <summary>The segments of a path; empty ones count for nothing.</summary>
    public static string[] Split(string path) =>
        path.Replace(Verb, "/" + Verb, StringComparison.Ordinal).Split('/', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The values of the parameters in a path; null where it is another path.</summary>
    public IReadOnlyDictionary<string, string>? Match(string[] path)
    {
        var many = Array.FindIndex(_segments, segment => segment.StartsWith("{**", StringComparison.Ordinal));
        if (many < 0 ? path.Length != _segments.Length : path.Length < _segments.Length) return null;
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var after = many < 0 ? 0 : _segments.Length - many - 1;
        for (var index = 0; index < (many < 0 ? _segments.Length : many); index++)
            if (!Fits(_segments[index], path[index], values)) return null;
        for (var back = 1; back <= after; back++)
            if (!Fits(_segments[^back], path[^back], values)) return null;
        if (many >= 0) values[_segments[many][3..^1]] = Join(path[many..^after]);
        return values;
    }

    private static string Join(string[] path) =>
        string.Join('/', path).Replace("/" + Verb, Verb, StringComparison.Ordinal);

    private static bool Fits(string segment, string given, Dictionary<string, string> values)
    {
        if (!segment.StartsWith('{')) return segment == given;
        values[segment[1..^1]] = given;
        return true;
    }
}
