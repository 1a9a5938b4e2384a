using System.IO.Enumeration;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Runtime;

namespace LifecycleManager.Decisions.Tools;

/// <summary>
/// Where the policy tools read and write: this machine's disk for the commands, a request's files for the manager's endpoints.
/// </summary>
public interface IPolicyFiles
{
    /// <summary>
    /// The files that a path stands for, in their order: itself, or all below a directory; null where there is no such path.
    /// </summary>
    IReadOnlyList<string>? Find(string path);

    /// <summary>A file's text.</summary>
    /// <exception cref="IOException">It is not there, or too large.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    string Read(string path);

    /// <summary>Writes a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="text">Its text.</param>
    /// <param name="isNew">Whether the file must not be there yet.</param>
    /// <exception cref="IOException">It cannot be written, or is there already.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    void Write(string path, string text, bool isNew = false);
}

/// <summary>The files of this machine.</summary>
public sealed class DiskFiles : IPolicyFiles
{
    /// <summary>The largest file taken, in bytes.</summary>
    private const long MaxBytes = 1L << 30;

    private static readonly EnumerationOptions Below = new()
    {
        RecurseSubdirectories = true,
        AttributesToSkip = FileAttributes.None,
        IgnoreInaccessible = false,
    };

    private DiskFiles()
    {
    }

    /// <summary>The one there is.</summary>
    public static DiskFiles Instance { get; } = new();

    /// <inheritdoc/>
    public IReadOnlyList<string>? Find(string path)
    {
        if (File.Exists(path)) return [path];
        return Directory.Exists(path)
            ? [.. new FileSystemEnumerable<string>(path, (ref entry) => entry.ToSpecifiedFullPath(), Below)
            {
                ShouldIncludePredicate = (ref entry) => !entry.IsDirectory,

                // Links to directories may lead round in a circle.
                ShouldRecursePredicate = (ref entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
            }.Order(StringComparer.Ordinal)]
            : null;
    }

    /// <inheritdoc/>
    public string Read(string path)
    {
        // A shell hands its pipes over as /dev/fd/63: they were named on purpose.
        if (path.StartsWith("/dev/", StringComparison.Ordinal)) return File.ReadAllText(path);
        if (RegularFile.Find(path).Length > MaxBytes) throw new IOException("the file is too large");
        using var reader = new StreamReader(path);
        var text = reader.ReadToEnd();
        // Recordings may be as a spreadsheet writes them.
        var isUtf16 = TextEncodings.IsUtf16(reader.CurrentEncoding)
            && (PolicyDirectory.IsPolicyFile(path) || PolicyTest.IsTestFile(path));
        return isUtf16 ? throw new Utf16Exception(text) : text;
    }

    /// <inheritdoc/>
    public void Write(string path, string text, bool isNew = false)
    {
        using var stream = new FileStream(path, isNew ? FileMode.CreateNew : FileMode.Create, FileAccess.Write);
        using var writer = new StreamWriter(stream);
        writer.Write(text);
    }
}

/// <summary>Files that exist in memory alone: nothing of the disk can be reached through them.</summary>
public sealed class MemoryFiles : IPolicyFiles
{
    private readonly SortedDictionary<string, string> _files;

    /// <summary>Takes files by their names.</summary>
    public MemoryFiles(IEnumerable<KeyValuePair<string, string>> files) =>
        _files = new SortedDictionary<string, string>(files.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);

    /// <summary>The files as they are now.</summary>
    public IReadOnlyDictionary<string, string> Files => _files;

    /// <inheritdoc/>
    public IReadOnlyList<string>? Find(string path) => _files.ContainsKey(path) ? [path] : null;

    /// <inheritdoc/>
    public string Read(string path) =>
        _files.TryGetValue(path, out var text) ? text : throw new IOException("no such file was given");

    /// <inheritdoc/>
    public void Write(string path, string text, bool isNew = false)
    {
        if (isNew && _files.ContainsKey(path)) throw new IOException("the file is there already");
        _files[path] = text;
    }
}
