using System.Formats.Tar;
using System.IO.Compression;
using LifecycleManager.Agent.Fetching;
using LifecycleManager.Agent.Tests.Fakes;

namespace LifecycleManager.Agent.Tests.Fetching;

public sealed class ArchiveTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string To => Path.Combine(_directory.Path, "to");

    public ArchiveTests() => Directory.CreateDirectory(To);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Files_links_and_modes_come_out_as_they_went_in()
    {
        var tar = Tar("a.tar.gz", [Folder("bin/"), TextFile("bin/run", "#!", (UnixFileMode)0x1ed), Link("here", "bin/run"),
            TextFile("deep/er/file", "x")]);

        Archive.Extract(tar, "a.tar.gz", To, 1000, default);

        Assert.Equal("#!", File.ReadAllText(Path.Combine(To, "here")));
        Assert.True(File.GetUnixFileMode(Path.Combine(To, "bin/run")).HasFlag(UnixFileMode.UserExecute));
        Assert.Equal("x", File.ReadAllText(Path.Combine(To, "deep/er/file")));
    }

    [Fact]
    public void Nothing_gets_out()
    {
        var outside = Path.Combine(_directory.Path, "outside");
        foreach (var entries in new PaxTarEntry[][]
                 {
                     [TextFile("../outside", "x")],
                     [TextFile("/etc/outside", "x")],
                     [TextFile("a/../../outside", "x")],
                     [Link("away", "/etc"), TextFile("away/outside", "x")],
                     [Link("up", "..")],
                     [Link("a", "."), Link("a/b", ".."), TextFile("a/b/outside", "x")],
                     [new PaxTarEntry(TarEntryType.HardLink, "hard") { LinkName = "../outside" }],
                     [new PaxTarEntry(TarEntryType.CharacterDevice, "device") { DeviceMajor = 1, DeviceMinor = 3 }],
                     [new PaxTarEntry(TarEntryType.Fifo, "pipe")],
                 })
        {
            var tar = Tar("b.tar", entries);
            Assert.Throws<InvalidDataException>(() => Archive.Extract(tar, "b.tar", To, 1000, default));
        }

        Assert.False(File.Exists(outside));
    }

    [Fact]
    public void A_bomb_is_stopped()
    {
        var zip = Path.Combine(_directory.Path, "bomb.zip");
        using (var archive = ZipFile.Open(zip, ZipArchiveMode.Create))
        {
            using var entry = archive.CreateEntry("zeros").Open();
            entry.Write(new byte[1_000_000]);
        }

        Assert.True(new FileInfo(zip).Length < 10_000);
        Assert.Throws<InvalidDataException>(() => Archive.Extract(zip, "bomb.zip", To, 100_000, default));
    }

    [Fact]
    public void A_zip_gets_no_file_out_either()
    {
        var zip = Path.Combine(_directory.Path, "c.zip");
        using (var archive = ZipFile.Open(zip, ZipArchiveMode.Create))
        {
            using (var entry = archive.CreateEntry("fine/file").Open()) entry.Write("x"u8);
            using (var entry = archive.CreateEntry("../outside").Open()) entry.Write("x"u8);
        }

        Assert.Throws<InvalidDataException>(() => Archive.Extract(zip, "c.zip", To, 1000, default));
        Assert.Equal("x", File.ReadAllText(Path.Combine(To, "fine/file")));
        Assert.False(File.Exists(Path.Combine(_directory.Path, "outside")));
    }

    private static PaxTarEntry Folder(string name) => new(TarEntryType.Directory, name) { Mode = (UnixFileMode)0x1ed };

    private static PaxTarEntry TextFile(string name, string content, UnixFileMode mode = (UnixFileMode)0x1a4) =>
        new(TarEntryType.RegularFile, name)
        {
            DataStream = new MemoryStream(System.Text.Encoding.ASCII.GetBytes(content)),
            Mode = mode
        };

    private static PaxTarEntry Link(string name, string target) => new(TarEntryType.SymbolicLink, name) { LinkName = target };

    private string Tar(string name, PaxTarEntry[] entries)
    {
        var path = Path.Combine(_directory.Path, name);
        using var file = File.Create(path);
        using Stream stream = name.EndsWith("gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest)
            : file;
        using var tar = new TarWriter(stream, TarEntryFormat.Pax);
        foreach (var entry in entries) tar.WriteEntry(entry);
        return path;
    }
}
