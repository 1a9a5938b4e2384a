using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tools;

/// <summary>Reads files for the tools, with one line of complaint where that fails.</summary>
internal static class PolicyFiles
{
    /// <summary>
    /// The files that paths name; directories stand for the files in them that <paramref name="wanted"/> takes.
    /// </summary>
    public static bool TryExpand(this IPolicyFiles source, IEnumerable<string> paths, Func<string, bool> wanted, TextWriter error,
        out List<string> files)
    {
        files = [];
        var good = true;
        foreach (var path in paths)
        {
            try
            {
                if (source.Find(path) is { } found)
                {
                    files.AddRange(found.Where(file => file == path || wanted(file)));
                    continue;
                }

                error.WriteLine($"{path}: no such file or directory");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                error.WriteLine($"{path}: cannot be read: {e.Message}");
            }

            good = false;
        }

        return good;
    }

    public static string? TryRead(this IPolicyFiles source, string path, TextWriter error)
    {
        try
        {
            return source.Read(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"{path}: cannot be read: {e.Message}");
            return null;
        }
    }

    /// <summary>The policies of one file; null after its problems were written.</summary>
    public static IReadOnlyList<Policy>? TryLoad(this IPolicyFiles source, string path, TextWriter error)
    {
        if (source.TryRead(path, error) is not { } text) return null;
        var file = PolicyParser.Parse(path, text);
        if (!file.Refused) return file.Policies;
        foreach (var problem in file.Problems) error.WriteLine(problem);
        return null;
    }
}
