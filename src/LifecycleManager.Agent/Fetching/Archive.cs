using System.Formats.Tar;
using System.IO.Compression;

namespace LifecycleManager.Agent.Fetching;

/// <summary>Extracts archives of strangers: nothing outside of the directory, no devices, no more than a bound.</summary>
internal static class Archive
{
    private const int MaxEntries = 200_000;
    private const UnixFileMode Permissions = (UnixFileMode)0x1ff;

    /// <summary>Whether a file of this name is an archive that is known.</summary>
    public static bool Knows(string name) => Kind(name) is not null;

    /// <summary>Extracts an archive.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="name">Its name, which tells its kind.</param>
    /// <param name="directory">Where to.</param>
    /// <param name="maxBytes">The most that it may hold, extracted.</param>
    /// <param name="cancellation">Gives up between two entries.</param>
    /// <exception cref="InvalidDataException">It is damaged, too large, or reaches out of the directory.</exception>
    public static void Extract(string path, string name, string directory, long maxBytes, CancellationToken cancellation)
    {
        var bound = new Bound(maxBytes);
        using var file = File.OpenRead(path);
        switch (Kind(name))
        {
            case "tar":
                ExtractTar(file, directory, bound, cancellation);
                break;
            case "gz":
                using (var plain = new GZipStream(file, CompressionMode.Decompress)) ExtractTar(plain, directory, bound,
                    cancellation);
                break;
            case "zip":
                ExtractZip(file, directory, bound, cancellation);
                break;
        }
    }

    private static string? Kind(string name)
    {
        var lower = name.ToLowerInvariant();
        if (lower.EndsWith(".tar.gz", StringComparison.Ordinal) || lower.EndsWith(".tgz", StringComparison.Ordinal)) return "gz";
        return lower.EndsWith(".tar", StringComparison.Ordinal) ? "tar" : lower.EndsWith(".zip", StringComparison.Ordinal)
            ? "zip" : null;
    }

    private static void ExtractTar(Stream stream, string directory, Bound bound, CancellationToken cancellation)
    {
        using var reader = new TarReader(stream);
        while (reader.GetNextEntry() is { } entry)
        {
            cancellation.ThrowIfCancellationRequested();
            bound.Entry();
            switch (entry.EntryType)
            {
                case TarEntryType.Directory:
                    MakeDirectory(directory, entry.Name);
                    break;
                case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                    using (var file = Create(directory, entry.Name, entry.Mode & Permissions)) bound.Copy(entry.DataStream
                        ?? Stream.Null, file);
                    break;
                case TarEntryType.SymbolicLink:
                    Link(directory, entry.Name, entry.LinkName);
                    break;
                case TarEntryType.HardLink:
                    var target = Inside(directory, entry.LinkName);
                    using (var from = File.OpenRead(target))
                    using (var to = Create(directory, entry.Name, entry.Mode & Permissions)) bound.Copy(from, to);
                    break;
                case TarEntryType.GlobalExtendedAttributes:
                    break;
                default:
                    throw new InvalidDataException($"the entry '{entry.Name}' is a {entry.EntryType}");
            }
        }
    }

    private static void ExtractZip(Stream stream, string directory, Bound bound, CancellationToken cancellation)
    {
        const int TypeMask = 0xF000;
        const int LinkType = 0xA000;
        using var archive = new ZipArchive(stream, ZipArchiveMode.Read);
        foreach (var entry in archive.Entries)
        {
            cancellation.ThrowIfCancellationRequested();
            bound.Entry();
            var unix = (entry.ExternalAttributes >> 16) & 0xFFFF;
            if (entry.FullName.EndsWith('/'))
            {
                MakeDirectory(directory, entry.FullName);
                continue;
            }

            using var content = entry.Open();
            if ((unix & TypeMask) == LinkType)
            {
                using var reader = new StreamReader(content);
                Link(directory, entry.FullName, reader.ReadToEnd());
                continue;
            }

            var mode = (UnixFileMode)unix & Permissions;
            using var file = Create(directory, entry.FullName, mode == 0 ? (UnixFileMode)0x1a4 : mode);
            bound.Copy(content, file);
        }
    }

    private static void MakeDirectory(string directory, string name) => Directory.CreateDirectory(Inside(directory, name));

    private static FileStream Create(string directory, string name, UnixFileMode mode)
    {
        var path = Inside(directory, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        // Removed rather than opened: it may be a link.
        File.Delete(path);
        return new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = mode | UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
    }

    private static void Link(string directory, string name, string target)
    {
        var path = Inside(directory, name);
        var full = Path.GetFullPath(target, Path.GetDirectoryName(path)!);
        if (!IsBelow(directory, full)) throw new InvalidDataException($"the link '{name}' leads outside, to '{target}'");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.Delete(path);
        File.CreateSymbolicLink(path, target);
    }

    /// <summary>The path of an entry; no part of it on the way is a link.</summary>
    private static string Inside(string directory, string name)
    {
        var full = Path.GetFullPath(Path.Combine(directory, name.TrimStart('/')));
        if (name.Contains('\0', StringComparison.Ordinal) || name.StartsWith('/') || !IsBelow(directory, full))
            throw new InvalidDataException($"the entry '{name}' reaches out of its directory");
        for (var parent = Path.GetDirectoryName(full)!; parent.Length > directory.Length; parent = Path.GetDirectoryName(parent)!)
        {
            if (new DirectoryInfo(parent).LinkTarget is not null)
                throw new InvalidDataException($"the entry '{name}' goes through a link");
        }

        return full;
    }

    private static bool IsBelow(string directory, string full) =>
        full == directory || full.StartsWith(directory + "/", StringComparison.Ordinal);

    private sealed class Bound(long maxBytes)
    {
        private long _bytes;
        private int _entries;

        public void Entry()
        {
            if (++_entries > MaxEntries) throw new InvalidDataException($"the archive has more than {MaxEntries} entries");
        }

        public void Copy(Stream from, Stream to)
        {
            var buffer = new byte[80 * 1024];
            int read;
            while ((read = from.Read(buffer)) > 0)
            {
                _bytes += read;
                if (_bytes > maxBytes) throw new InvalidDataException($"the archive holds more than {maxBytes} bytes");
                to.Write(buffer, 0, read);
            }
        }
    }
}
