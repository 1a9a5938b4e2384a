using System.Formats.Tar;

namespace LifecycleManager.Testing;

/// <summary>The files of a small image: this machine's own busybox, to be imported into a Docker engine.</summary>
public static class BusyboxLayer
{
    private static readonly string[] Tools =
        ["sh", "sleep", "echo", "cat", "env", "id", "seq", "nc", "httpd", "ip", "tail", "head", "dd", "date", "ls", "hostname",
            "kill", "test", "touch", "mkdir", "rm", "ln", "printf", "wget", "true", "false"];

    /// <summary>The layer as a tar file, or skips. Programs are in /bin.</summary>
    public static async Task<Stream> MakeAsync()
    {
        const UnixFileMode Runnable = (UnixFileMode)0x1ed;
        const UnixFileMode Everybodys = (UnixFileMode)0x1ff;
        var layer = new MemoryStream();
        await using (var tar = new TarWriter(layer, TarEntryFormat.Pax, leaveOpen: true))
        {
            await using var binary = File.OpenRead(Server.Executable("busybox"));
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "bin/busybox")
            {
                DataStream = binary,
                Mode = Runnable
            });
            foreach (var tool in Tools)
                await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.SymbolicLink,
                    "bin/" + tool)
                { LinkName = "/bin/busybox" });
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.Directory, "tmp/") { Mode = Everybodys });
        }

        layer.Position = 0;
        return layer;
    }
}
