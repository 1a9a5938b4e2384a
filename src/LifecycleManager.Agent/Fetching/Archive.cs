using System.Formats.Tar;
using System.IO.Compression;
using LifecycleManager.Agent.Sandboxes;

namespace LifecycleManager.Agent.Fetching;

/// <summary>
/// Extracts archives of strangers: nothing outside of the directory, no devices, no more than a bound. Nothing is written or
/// read through a link, and a link leads nowhere else, whatever other links there are.
/// </summary>
internal sealed class Archive
{
    private const int MaxEntries = 200_000;
    private const int MaxTarget = 4096;
    private const UnixFileMode Permissions = (UnixFileMode)0x1ff;
    private const UnixFileMode Usual = (UnixFileMode)0x1a4;
    private readonly SandboxTree _tree;
    private readonly long _maxBytes;
    private readonly DiskBudget _budget;
    private readonly HashSet<string> _directories = new(StringComparer.Ordinal);
    private long _bytes;
    private int _entries;

    private Archive(SandboxTree tree, long maxBytes, DiskBudget budget) =>
        (_tree, _maxBytes, _budget) = (tree, maxBytes, budget);

    /// <summary>Whether a file of this name is an archive that is known.</summary>
    public static bool Knows(string name) => KindOf(name) is not null;

    /// <summary>Extracts an archive.</summary>
    /// <param name="file">The archive.</param>
    /// <param name="name">Its name, which tells its kind.</param>
    /// <param name="tree">Where to.</param>
    /// <param name="maxBytes">The most that it may hold, extracted.</param>
    /// <param name="budget">The most that may be written.</param>
    /// <exception cref="InvalidDataException">It is damaged, too large, or reaches out of the directory.</exception>
    /// <exception cref="DiskLimitException">It holds more than the task may have.</exception>
    public static void Extract(Stream file, string name, SandboxTree tree, long maxBytes, DiskBudget budget)
    {
        var archive = new Archive(tree, maxBytes, budget);
        try
        {
            archive.Extract(file, name);
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException or ArgumentException or OverflowException
            or NotSupportedException or InvalidOperationException)
        {
            // Whatever the readers make of what is no archive.
            throw new InvalidDataException($"the archive is damaged: {e.Message}", e);
        }
    }

    /// <summary>Why a symbolic link may not be made; null when it may.</summary>
    /// <remarks>
    /// It may begin with as many <c>..</c> as there are directories above it, and go down from there. Once it has gone down
    /// it goes up no more: what it went down through may be a link itself, and its <c>..</c> another place than it seems.
    /// </remarks>
    public static string? WhyNotLink(string name, string target)
    {
        var parts = target.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToList();
        var up = parts.TakeWhile(part => part == "..").Count();
        if (target.Length is 0 or > MaxTarget || target.Contains('\0', StringComparison.Ordinal))
            return $"the link '{name}' leads nowhere";
        return target.StartsWith('/') || up > SandboxTree.Parts(name).Length - 1 || parts.Skip(up).Contains("..")
            ? $"the link '{name}' leads outside, to '{target}'" : null;
    }

    private static string? KindOf(string name)
    {
        foreach (var (end, kind) in ((string, string)[])
            [(".tar.gz", "tar.gz"), (".tgz", "tar.gz"), (".tar", "tar"), (".zip", "zip"), (".gz", "gz")])
        {
            if (name.EndsWith(end, StringComparison.OrdinalIgnoreCase) && name.Length > end.Length) return kind;
        }

        return null;
    }

    private void Extract(Stream file, string name)
    {
        switch (KindOf(name))
        {
            case "tar":
                ExtractTar(file);
                break;
            case "tar.gz":
                using (var plain = new GZipStream(file, CompressionMode.Decompress)) ExtractTar(plain);
                break;
            case "gz":
                using (var plain = new GZipStream(file, CompressionMode.Decompress)) Write(name[..^3], Usual, plain);
                break;
            case "zip":
                ExtractZip(file);
                break;
        }
    }

    private void ExtractTar(Stream stream)
    {
        using var reader = new TarReader(stream);
        while (reader.GetNextEntry() is { } entry)
        {
            CountEntry();
            switch (entry.EntryType)
            {
                case TarEntryType.Directory:
                    MakeDirectory(entry.Name);
                    break;
                case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                    Write(entry.Name, entry.Mode, entry.DataStream ?? Stream.Null);
                    break;
                case TarEntryType.SymbolicLink:
                    Link(entry.Name, entry.LinkName);
                    break;
                case TarEntryType.HardLink:
                    // A copy: what the name leads to may be any file by the time that a task writes to it.
                    using (var from = _tree.OpenRead(entry.LinkName) ?? throw new InvalidDataException(
                        $"the entry '{entry.Name}' is a link to '{entry.LinkName}', which is not there"))
                        Write(entry.Name, entry.Mode, from);
                    break;
                case TarEntryType.GlobalExtendedAttributes:
                    break;
                default:
                    throw new InvalidDataException($"the entry '{entry.Name}' is a {entry.EntryType}");
            }
        }
    }

    private void ExtractZip(Stream stream)
    {
        const int TypeMask = 0xF000;
        const int LinkType = 0xA000;
        using var archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
        foreach (var entry in archive.Entries)
        {
            CountEntry();
            var unix = (entry.ExternalAttributes >> 16) & 0xFFFF;
            if (entry.FullName.EndsWith('/'))
            {
                MakeDirectory(entry.FullName);
                continue;
            }

            using var content = entry.Open();
            if ((unix & TypeMask) == LinkType)
            {
                var target = new byte[MaxTarget + 1];
                var length = content.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
                Link(entry.FullName, System.Text.Encoding.UTF8.GetString(target, 0, length));
                continue;
            }

            var mode = (UnixFileMode)unix & Permissions;
            Write(entry.FullName, mode == 0 ? Usual : mode, content);
        }
    }

    private void MakeDirectory(string name)
    {
        TakeDirectories(SandboxTree.Parts(name));
        _tree.MakeDirectory(name);
    }

    private void Link(string name, string target)
    {
        if (WhyNotLink(name, target) is { } why) throw new InvalidDataException(why);
        TakeDirectories(SandboxTree.Parts(name).SkipLast(1));
        _tree.Link(name, target);
    }

    private void Write(string name, UnixFileMode mode, Stream from)
    {
        TakeDirectories(SandboxTree.Parts(name).SkipLast(1));
        using var to = _tree.Create(name, (mode & Permissions) | UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var buffer = new byte[80 * 1024];
        long length = 0;
        int read;
        while ((read = from.Read(buffer)) > 0)
        {
            _bytes += read;
            if (_bytes > _maxBytes) throw new InvalidDataException($"the archive holds more than {_maxBytes} bytes");
            _budget.TakeFile(length, length + read);
            to.Write(buffer, 0, read);
            length += read;
        }
    }

    private void TakeDirectories(IEnumerable<string> parts)
    {
        var path = "";
        foreach (var part in parts)
        {
            path = $"{path}/{part}";
            if (_directories.Add(path)) _budget.TakeDirectory();
        }
    }

    private void CountEntry()
    {
        if (++_entries > MaxEntries) throw new InvalidDataException($"the archive has more than {MaxEntries} entries");
    }
}
