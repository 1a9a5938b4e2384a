using System.Formats.Tar;
using System.IO.Compression;
using CsCheck;
using LifecycleManager.Agent.Fetching;
using LifecycleManager.Agent.Sandboxes;
using LifecycleManager.Agent.Tests.Fakes;

namespace LifecycleManager.Agent.Tests.Fetching;

public sealed class ArchiveTests : IDisposable
{
    private const UnixFileMode Readable = (UnixFileMode)0x1a4;
    private readonly TemporaryDirectory _directory = new();

    private string To => Path.Combine(_directory.Path, "to");

    private string Outside => Path.Combine(_directory.Path, "outside");

    public ArchiveTests()
    {
        Directory.CreateDirectory(To);
        Directory.CreateDirectory(Outside);
        File.WriteAllText(Path.Combine(Outside, "secret"), "swordfish");
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Files_links_and_modes_come_out_as_they_went_in()
    {
        Extract("a.tar.gz", Tar("a.tar.gz", [Folder("bin/"), TextFile("bin/run", "#!", (UnixFileMode)0x1ed),
            Link("here", "bin/run"), Link("deep/er/up", "../../bin"), TextFile("deep/er/file", "x"), Hard("again", "bin/run")]));

        Assert.Equal("#!", File.ReadAllText(Path.Combine(To, "here")));
        Assert.Equal("#!", File.ReadAllText(Path.Combine(To, "deep/er/up/run")));
        Assert.Equal("#!", File.ReadAllText(Path.Combine(To, "again")));
        Assert.True(File.GetUnixFileMode(Path.Combine(To, "bin/run")).HasFlag(UnixFileMode.UserExecute));
        Assert.Equal("x", File.ReadAllText(Path.Combine(To, "deep/er/file")));
    }

    [Fact]
    public void A_file_that_is_only_compressed_is_there_plain_beside_it()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write("plain"u8);

        Extract("file.json.gz", packed.ToArray());

        Assert.Equal("plain", File.ReadAllText(Path.Combine(To, "file.json")));
    }

    public static TheoryData<string, object[]> Escapes => new()
    {
        { "a path up", [TextFile("../outside/file", "x")] },
        { "a path from the root", [TextFile("/tmp/lcm-outside", "x")] },
        { "a path down and up", [TextFile("a/../../outside/file", "x")] },
        { "a link to a place", [Link("away", "/etc"), TextFile("away/file", "x")] },
        { "a link up", [Link("up", "..")] },
        { "a link below itself", [Link("a", "."), Link("a/b", "..")] },
        { "a file through a link", [Folder("real/"), Link("l", "real"), TextFile("l/file", "x")] },
        { "a directory in the place of a link", [Folder("real/"), Link("l", "real"), Folder("l/")] },
        { "two steps", [Link("here", "."), Link("out", "here/..")] },
        { "two steps, the other way round", [Link("out", "here/.."), Link("here", ".")] },
        { "three steps", [Link("here", "."), Link("a", "here/.."), Link("b", "a/outside/secret")] },
        { "a hard link out", [Hard("hard", "../outside/secret")] },
        { "a hard link to a link", [TextFile("file", "x"), Link("l", "file"), Hard("hard", "l")] },
        { "a hard link through a link", [Folder("d/"), TextFile("d/file", "x"), Link("l", "d"), Hard("hard", "l/file")] },
        { "a hard link to nothing", [Hard("hard", "nothing")] },
        { "a device", [new PaxTarEntry(TarEntryType.CharacterDevice, "device") { DeviceMajor = 1, DeviceMinor = 3 }] },
        { "a pipe", [new PaxTarEntry(TarEntryType.Fifo, "pipe")] },
    };

    [Theory]
    [MemberData(nameof(Escapes), DisableDiscoveryEnumeration = true)]
    public void Nothing_gets_out(string what, object[] entries)
    {
        var tar = Tar("b.tar", [.. entries.Cast<PaxTarEntry>()]);

        Assert.Throws<InvalidDataException>(() => Extract("b.tar", tar));

        AssertNothingOutside(what);
    }

    [Theory]
    [InlineData("../outside/file", "x", false)]
    [InlineData("a/../../outside/file", "x", false)]
    [InlineData("/tmp/lcm-outside", "x", false)]
    [InlineData("up", "..", true)]
    [InlineData("away", "/etc", true)]
    [InlineData("two", "here/..", true)]
    public void A_zip_gets_nothing_out_either(string name, string content, bool isLink)
    {
        var zip = Zip(("fine/file", "x", false), (name, content, isLink));

        Assert.Throws<InvalidDataException>(() => Extract("c.zip", zip));

        Assert.Equal("x", File.ReadAllText(Path.Combine(To, "fine/file")));
        AssertNothingOutside(name);
    }

    [Fact]
    public void Whatever_archives_hold_nothing_is_written_or_read_outside()
    {
        // Few names, so that entries meet; every way up is among them.
        var part = Gen.OneOf([.. ((string[])["a", "b", "..", ".", "outside", "secret"]).Select(Gen.Const)]);
        var path = Gen.Select(part.Array[1, 4], Gen.Bool).Select((parts, rooted) =>
            (rooted && parts.Length > 3 ? "/" : "") + string.Join('/', parts));
        var entry = Gen.Select(Gen.Int[0, 3], path, path);
        var archive = Gen.Select(Gen.Bool, entry.Array[1, 8]);

        archive.Array[1, 3].Sample(archives =>
        {
            using (var tree = SandboxTree.Open(To)) tree.Clear();
            foreach (var (isZip, entries) in archives)
            {
                var (name, bytes) = isZip ? ("a.zip", Zip([.. entries.Select(item => (item.Item2, item.Item3, item.Item1 > 1))]))
                    : ("a.tar", Tar("a.tar", [.. entries.Select(Of)]));
                try
                {
                    Extract(name, bytes);
                }
                catch (Exception e) when (e is InvalidDataException or IOException)
                {
                    // Refused.
                }
            }

            AssertNothingOutside("random");
            AssertLinksStayInside();
        }, iter: 2000, threads: 1);

        static PaxTarEntry Of((int Kind, string Name, string Target) item) => item.Kind switch
        {
            0 => Folder(item.Name + "/"),
            1 => TextFile(item.Name, "x"),
            2 => Link(item.Name, item.Target),
            _ => Hard(item.Name, item.Target),
        };
    }

    [Fact]
    public void Random_bytes_are_refused_as_damaged()
    {
        var tar = Tar("d.tar.gz", [TextFile("file", new string('x', 5000)), Folder("d/")]);
        var zip = Zip(("file", new string('x', 5000), false), ("other", "y", false));
        Gen.Select(Gen.Bool, Gen.Int[0, 10_000], Gen.Byte, Gen.Int[1, 20]).Sample((isZip, at, value, length) =>
        {
            var bytes = (byte[])(isZip ? zip : tar).Clone();
            for (var i = 0; i < length; i++) bytes[(at + (i * 7)) % bytes.Length] = (byte)(value + i);
            try
            {
                Extract(isZip ? "d.zip" : "d.tar.gz", bytes);
            }
            catch (Exception e) when (e is InvalidDataException or IOException)
            {
                // One of the errors that are told.
            }
        }, iter: 3000, threads: 1);
        AssertNothingOutside("random bytes");
    }

    [Fact]
    public void A_bomb_is_stopped_before_it_is_on_the_disk()
    {
        var zip = Zip(("zeros", new string('\0', 1_000_000), false));
        Assert.True(zip.Length < 10_000);

        Assert.Throws<InvalidDataException>(() => Extract("bomb.zip", zip, maxBytes: 100_000));
        Assert.InRange(new FileInfo(Path.Combine(To, "zeros")).Length, 0, 100_000);

        var limited = Assert.Throws<DiskLimitException>(() => Extract("bomb.zip", zip, left: 200_000));
        Assert.Equal("it exceeds the task's disk limit of 0.2 MB", limited.Message);
        Assert.InRange(new FileInfo(Path.Combine(To, "zeros")).Length, 0, 200_000);
    }

    [Fact]
    public void Many_small_files_and_directories_count_as_the_disk_has_them()
    {
        var entries = Enumerable.Range(0, 100).SelectMany(i => (PaxTarEntry[])[Folder($"d{i}/"), TextFile($"d{i}/f", "x")]);
        var tar = Tar("many.tar", [.. entries]);

        Assert.Throws<DiskLimitException>(() => Extract("many.tar", tar, left: 199 * 4096));
        Extract("many.tar", tar, left: 200 * 4096);
    }

    private void Extract(string name, byte[] archive, long maxBytes = 10_000_000, long left = 10_000_000)
    {
        using var tree = SandboxTree.Open(To);
        Archive.Extract(new MemoryStream(archive), name, tree, maxBytes, new DiskBudget(left, left));
    }

    private void AssertNothingOutside(string what)
    {
        Assert.Equal("swordfish", File.ReadAllText(Path.Combine(Outside, "secret")));
        Assert.True(Directory.GetFileSystemEntries(_directory.Path).Length == 2, what);
        Assert.True(Directory.GetFileSystemEntries(Outside).Length == 1, what);
        Assert.False(Path.Exists("/tmp/lcm-outside"), what);
        foreach (var file in Below(new DirectoryInfo(To)).OfType<FileInfo>().Where(file => file.LinkTarget is null))
            Assert.True(File.ReadAllText(file.FullName) != "swordfish", $"{what}: {file.FullName}");
    }

    // Through no link.
    private static IEnumerable<FileSystemInfo> Below(DirectoryInfo directory) => directory.EnumerateFileSystemInfos()
        .SelectMany(entry => entry is DirectoryInfo { LinkTarget: null } below ? Below(below).Prepend(entry) : [entry]);

    // By the kernel's own word.
    private void AssertLinksStayInside()
    {
        foreach (var link in Below(new DirectoryInfo(To)).Where(entry => entry.LinkTarget is not null))
        {
            using var handle = new Microsoft.Win32.SafeHandles.SafeFileHandle(
                LifecycleManager.Agent.Linux.Native.Open(link.FullName, 0), ownsHandle: true);
            if (handle.IsInvalid) continue;
            var real = File.ResolveLinkTarget($"/proc/self/fd/{handle.DangerousGetHandle()}", false)!.FullName;
            Assert.True(real == To || real.StartsWith(To + "/", StringComparison.Ordinal),
                $"{link.FullName} -> {link.LinkTarget} is {real}");
        }
    }

    private static PaxTarEntry Folder(string name) => new(TarEntryType.Directory, name) { Mode = (UnixFileMode)0x1ed };

    private static PaxTarEntry TextFile(string name, string content, UnixFileMode mode = Readable) =>
        new(TarEntryType.RegularFile, name)
        {
            DataStream = new MemoryStream(System.Text.Encoding.ASCII.GetBytes(content)),
            Mode = mode
        };

    private static PaxTarEntry Link(string name, string target) => new(TarEntryType.SymbolicLink, name) { LinkName = target };

    private static PaxTarEntry Hard(string name, string target) =>
        new(TarEntryType.HardLink, name) { LinkName = target, Mode = Readable };

    private static byte[] Tar(string name, PaxTarEntry[] entries)
    {
        using var packed = new MemoryStream();
        using (Stream stream = name.EndsWith("gz", StringComparison.Ordinal)
            ? new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true) : new BufferedStream(packed))
        {
            using var tar = new TarWriter(stream, TarEntryFormat.Pax, leaveOpen: true);
            foreach (var entry in entries) tar.WriteEntry(entry);
            tar.Dispose();
            stream.Flush();
            return name.EndsWith("gz", StringComparison.Ordinal) ? Close(stream, packed) : packed.ToArray();
        }
    }

    private static byte[] Close(Stream stream, MemoryStream packed)
    {
        stream.Dispose();
        return packed.ToArray();
    }

    private static byte[] Zip(params (string Name, string Content, bool IsLink)[] entries)
    {
        using var packed = new MemoryStream();
        using (var archive = new ZipArchive(packed, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content, isLink) in entries)
            {
                var entry = archive.CreateEntry(name);
                if (isLink) entry.ExternalAttributes = unchecked((int)0xA1FF0000);
                using var stream = entry.Open();
                stream.Write(System.Text.Encoding.ASCII.GetBytes(content));
            }
        }

        return packed.ToArray();
    }
}
