using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tools;

/// <summary>Reads files for the tools, with one line of complaint where that fails.</summary>
internal static class PolicyFiles
{
    /// <summary>The largest data file taken, in bytes.</summary>
    private const long MaxBytes = 1L << 30;

    /// <summary>The files that paths name; directories stand for the files in them that <paramref name="wanted"/> takes.</summary>
    public static bool TryExpand(IEnumerable<string> paths, Func<string, bool> wanted, TextWriter error, out List<string> files)
    {
        files = [];
        var good = true;
        foreach (var path in paths)
        {
            if (Directory.Exists(path))
            {
                files.AddRange(Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
                    .Where(file => wanted(file)).Order(StringComparer.Ordinal));
            }
            else if (File.Exists(path))
            {
                files.Add(path);
            }
            else
            {
                error.WriteLine($"{path}: no such file or directory");
                good = false;
            }
        }

        return good;
    }

    public static string? TryRead(string path, TextWriter error)
    {
        try
        {
            if (new FileInfo(path).Length > MaxBytes) throw new IOException("the file is too large");
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"{path}: cannot be read: {e.Message}");
            return null;
        }
    }

    public static bool IsTestFile(string path) =>
        path.EndsWith(".test.yml", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".test.yaml", StringComparison.OrdinalIgnoreCase);

    /// <summary>The policies of one file; null after its problems were written.</summary>
    public static IReadOnlyList<Policy>? TryLoad(string path, TextWriter error)
    {
        if (TryRead(path, error) is not { } text) return null;
        var file = PolicyParser.Parse(path, text);
        if (!file.Refused) return file.Policies;
        foreach (var problem in file.Problems) error.WriteLine(problem);
        return null;
    }
}
