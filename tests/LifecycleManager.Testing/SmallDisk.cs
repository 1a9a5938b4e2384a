using System.Diagnostics;

namespace LifecycleManager.Testing;

/// <summary>A small file system of one test's own, in memory, which can be filled to the last byte and freed again.</summary>
public sealed class SmallDisk : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lcm-disk-");

    private SmallDisk() => Directory.CreateDirectory(Path);

    public string Path => System.IO.Path.Combine(_directory.FullName, "small");

    private string Filler => System.IO.Path.Combine(Path, "filler");

    /// <summary>Mounts it, or skips where nobody may.</summary>
    public static SmallDisk Mount(int kilobytes)
    {
        var disk = new SmallDisk();
        if (Run("mount", "-t", "tmpfs", "-o", $"size={kilobytes}k", "tmpfs", disk.Path)) return disk;
        disk._directory.Delete(recursive: true);
        Assert.Skip("no file system may be mounted here");
        throw new UnreachableException();
    }

    /// <summary>Takes all that is left but so many pages of 4 KiB.</summary>
    public void Fill(int pagesLeft = 0)
    {
        using (var file = new FileStream(Filler, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            file.Seek(0, SeekOrigin.End);
            foreach (var size in new[] { 64 * 1024, 4096, 1 })
            {
                try
                {
                    while (true) file.Write(new byte[size]);
                }
                catch (IOException)
                {
                    // Full to this size.
                }
            }

            if (pagesLeft > 0) file.SetLength(Math.Max(0, file.Length - (pagesLeft * 4096L)));
        }
    }

    /// <summary>Lets nobody write any more.</summary>
    public void MakeReadOnly() => Assert.True(Run("mount", "-o", "remount,ro", Path));

    /// <summary>Gives all back that was taken.</summary>
    public void Free() => File.Delete(Filler);

    public void Dispose()
    {
        Run("umount", "-l", Path);
        _directory.Delete(recursive: true);
    }

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo(Server.Executable(program), arguments) { RedirectStandardError = true };
            using var process = Process.Start(start)!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
