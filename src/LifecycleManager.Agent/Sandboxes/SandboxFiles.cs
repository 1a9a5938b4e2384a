using System.ComponentModel;
using System.Globalization;
using LifecycleManager.Agent.Linux;
using Microsoft.Win32.SafeHandles;

namespace LifecycleManager.Agent.Sandboxes;

/// <summary>
/// Read access to the sandboxes by path, and to nothing else: what is opened is asked where it really is, so that neither
/// <c>..</c> nor a task's symbolic links, however quickly they change, lead outside.
/// </summary>
/// <param name="root">Holds the sandboxes.</param>
/// <param name="admits">
/// Whether what is at a place below the root, where it really is, is there for the reader; null where all is. It throws where
/// he is to be told that he may not read it.
/// </param>
internal sealed class SandboxFiles(string root, Func<string, bool>? admits = null)
{
    /// <summary>The most that one read answers, in bytes.</summary>
    public const int MaxRead = 1024 * 1024;

    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int MaxEntries = 10_000;

    /// <summary>What is in a directory, by name; null when there is no such directory.</summary>
    /// <exception cref="UnauthorizedAccessException">The path leads outside.</exception>
    public IReadOnlyList<SandboxEntry>? List(string path)
    {
        if (Locate(path) is not { } located) return null;
        using var handle = OpenInside(located, out var real);
        if (handle is null || !Directory.Exists(real)) return null;
        var entries = new List<SandboxEntry>();
        foreach (var info in new DirectoryInfo(real).EnumerateFileSystemInfos().Take(MaxEntries)
            .OrderBy(info => info.Name, StringComparer.Ordinal))
        {
            var (links, user, group) = Owner(info.FullName);
            var directory = info is DirectoryInfo && info.LinkTarget is null;
            entries.Add(new SandboxEntry(
                Path.Combine(path, info.Name),
                directory,
                info is FileInfo { LinkTarget: null } file ? file.Length : 0,
                info.LastWriteTimeUtc,
                Mode(info, directory),
                links,
                user,
                group));
        }

        return entries;
    }

    /// <summary>Opens a regular file; null when there is none.</summary>
    /// <exception cref="UnauthorizedAccessException">The path leads outside, or to what is no regular file.</exception>
    public FileStream? Open(string path)
    {
        if (Locate(path) is not { } located) return null;
        var handle = OpenInside(located, out var real);
        if (handle is null) return null;
        try
        {
            if (Directory.Exists(real)) throw new UnauthorizedAccessException($"'{path}' is a directory");
            if (IsOfOthers(handle, real))
                throw new UnauthorizedAccessException($"'{path}' is another name of a file that is not the task's");
            // Not opened for asynchronous use: these are local files, and the handle is a plain one.
            var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0, isAsync: false);
            if (stream.CanSeek) return stream;
            stream.Dispose();
            throw new UnauthorizedAccessException($"'{path}' is no regular file");
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The path below the root: as it is, or Mesos' virtual one, <c>/frameworks/F/executors/E/runs/latest/...</c>.
    /// </summary>
    private string? Locate(string path)
    {
        if (path.Contains('\0', StringComparison.Ordinal) || !path.StartsWith('/')) return null;
        if (!path.StartsWith("/frameworks/", StringComparison.Ordinal)) return path;
        if (!Directory.Exists(root)) return null;
        return Directory.EnumerateDirectories(root).Select(agent => agent + path).FirstOrDefault(Path.Exists);
    }

    private SafeFileHandle? OpenInside(string path, out string real)
    {
        real = "";
        var full = Path.GetFullPath(path);
        if (!IsInside(full)) throw new UnauthorizedAccessException($"'{path}' is outside of the sandboxes");
        var descriptor = Native.Open(full, Native.OpenReadOnly | NonBlocking | CloseOnExec);
        if (descriptor < 0)
        {
            var error = System.Runtime.InteropServices.Marshal.GetLastPInvokeError();
            // ENOENT, ENOTDIR, ELOOP.
            if (error is 2 or 20 or 40) return null;
            throw new UnauthorizedAccessException($"'{path}' cannot be opened: {new Win32Exception(error).Message}");
        }

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        real = File.ResolveLinkTarget($"/proc/self/fd/{descriptor}", returnFinalTarget: false)?.FullName ?? "";
        if (IsInside(real)) return IsAdmitted(handle, real) ? handle : null;
        handle.Dispose();
        throw new UnauthorizedAccessException($"'{path}' leads outside of the sandboxes");
    }

    private bool IsAdmitted(SafeFileHandle handle, string real)
    {
        var isAdmitted = false;
        try
        {
            return isAdmitted = admits?.Invoke(real[(root.Length + 1)..]) != false;
        }
        finally
        {
            if (!isAdmitted) handle.Dispose();
        }
    }

    // Some kernels let a task give any file of the machine a name in its sandbox. A container has no way to such a file.
    private bool IsOfOthers(SafeFileHandle handle, string real)
    {
        const int Depth = 7;
        var (_, links, user) = NativeFiles.Kind((int)handle.DangerousGetHandle());
        if (links <= 1) return false;
        // AGENT/frameworks/FRAMEWORK/executors/TASK/runs/CONTAINER
        var sandbox = Path.Combine(root, string.Join('/', real[(root.Length + 1)..].Split('/').Take(Depth)));
        return user != Native.Owner(sandbox).User && !File.GetUnixFileMode(sandbox).HasFlag(UnixFileMode.OtherWrite);
    }

    private bool IsInside(string path) => path.StartsWith(root + "/", StringComparison.Ordinal);

    private static (uint Links, uint User, uint Group) Owner(string path)
    {
        try
        {
            return Native.Owner(path);
        }
        catch (EntryPointNotFoundException)
        {
            return default;
        }
    }

    private static string Mode(FileSystemInfo info, bool directory)
    {
        const string Letters = "rwxrwxrwx";
        var mode = (int)info.UnixFileMode;
        return string.Create(10, (mode, directory, Link: info.LinkTarget is not null), static (text, state) =>
        {
            text[0] = state.Link ? 'l' : state.directory ? 'd' : '-';
            for (var i = 0; i < 9; i++) text[i + 1] = (state.mode >> (8 - i) & 1) == 1 ? Letters[i] : '-';
        });
    }
}

/// <summary>One entry of a directory.</summary>
internal sealed record SandboxEntry(
    string Path, bool Directory, long Size, DateTime Modified, string Mode, uint Links, uint User, uint Group)
{
    /// <summary>The user's name, else number.</summary>
    public string UserName => User == 0 ? "root" : User.ToString(CultureInfo.InvariantCulture);

    /// <summary>The group's name, else number.</summary>
    public string GroupName => Group == 0 ? "root" : Group.ToString(CultureInfo.InvariantCulture);
}
