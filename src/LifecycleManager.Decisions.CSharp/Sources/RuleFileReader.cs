using LifecycleManager.Runtime;

namespace LifecycleManager.Decisions.CSharp.Sources;

/// <summary>Reads the rule files below a directory; what did not change since it was read is not read again.</summary>
/// <param name="directory">The directory.</param>
internal sealed class RuleFileReader(string directory)
{
    private Dictionary<string, (FileStamp Stamp, RuleFile File)> _read = new(StringComparer.Ordinal);

    /// <summary>Reads all files, in the order of their paths.</summary>
    /// <exception cref="IOException">The directory cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory may not be read.</exception>
    public RuleFiles Read()
    {
        var (paths, isBare) = Find();
        return Read(paths) with { IsBare = isBare };
    }

    /// <summary>Reads files that were named one by one, once.</summary>
    public static RuleFiles ReadOnce(IReadOnlyList<string> paths) =>
        new RuleFileReader(paths is [var first, ..] ? first : "").Read(paths);

    private RuleFiles Read(IReadOnlyList<string> paths)
    {
        var problems = new List<RuleProblem>();
        var files = new List<RuleFile>();
        var read = new Dictionary<string, (FileStamp, RuleFile)>(StringComparer.Ordinal);
        if (paths.Count > RuleFile.MaxFiles)
            problems.Add(Bad(directory, $"{paths.Count} rule files are more than {RuleFile.MaxFiles}", "size"));
        foreach (var path in paths.Take(RuleFile.MaxFiles))
        {
            try
            {
                var file = Read(path, read);
                files.Add(file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                problems.Add(Bad(path, $"the file cannot be read: {e.Message}", "unreadable"));
            }
            catch (RefusedFileException e)
            {
                problems.Add(Bad(path, e.Message, e.Code));
            }
        }

        _read = read;
        return new RuleFiles(files, problems, IsBare: false);
    }

    private RuleFile Read(string path, Dictionary<string, (FileStamp, RuleFile)> read)
    {
        var info = RegularFile.Find(path);
        var most = RuleFile.MaxLength(path);
        if (info.Length > most)
            throw new RefusedFileException($"the file has {info.Length} bytes, more than {most}", "size");
        if (!OperatingSystem.IsWindows() && (info.UnixFileMode & UnixFileMode.OtherWrite) != 0)
            throw new RefusedFileException(
                "the file may be written by anybody, and its rules have the manager's rights (chmod o-w)", "rights");
        // A link may point elsewhere without any sign of its own; links are read each time.
        var stamp = new FileInfo(path).LinkTarget is null ? FileStamp.Of(info) : null;
        if (stamp is { } same && _read.TryGetValue(path, out var known) && known.Stamp == same)
        {
            read[path] = known;
            return known.File;
        }

        var file = new RuleFile(path, ReadAtMost(path, most));
        if (stamp is { } settled) read[path] = (settled, file);
        return file;
    }

    private static byte[] ReadAtMost(string path, int most)
    {
        using var stream = RegularFile.Open(path);
        var bytes = new byte[Math.Min(stream.Length, most) + 1];
        var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return length <= most ? bytes[..length] : throw new RefusedFileException($"the file has more than {most} bytes", "size");
    }

    /// <summary>
    /// The rule files, and whether there is no file of any kind: as where nothing is mounted yet. Not entered are folders that
    /// start with a dot, those of a project's output, and links, which may lead round in a circle.
    /// </summary>
    private (List<string> Paths, bool IsBare) Find()
    {
        var (found, isBare) = (new List<string>(), true);
        var pending = new Stack<string>([directory]);
        while (pending.TryPop(out var next) && found.Count <= RuleFile.MaxFiles)
        {
            foreach (var file in Directory.EnumerateFiles(next))
            {
                isBare = false;
                if (RuleFile.IsRuleFile(file)) found.Add(file);
            }

            foreach (var child in Directory.EnumerateDirectories(next))
            {
                var name = Path.GetFileName(child);
                if (!name.StartsWith('.') && name is not ("bin" or "obj") && new DirectoryInfo(child).LinkTarget is null)
                    pending.Push(child);
            }
        }

        found.Sort(StringComparer.Ordinal);
        return (found, isBare);
    }

    private static RuleProblem Bad(string file, string message, string code) => new(RulePlace.Of(file), message, code);

    private sealed class RefusedFileException(string message, string code) : Exception(message)
    {
        public string Code { get; } = code;
    }
}

/// <summary>The rule files of a directory at one look.</summary>
/// <param name="Files">What could be read, in the order of the paths.</param>
/// <param name="Problems">What could not.</param>
/// <param name="IsBare">Whether there is no file of any kind.</param>
internal sealed record RuleFiles(IReadOnlyList<RuleFile> Files, IReadOnlyList<RuleProblem> Problems, bool IsBare);
