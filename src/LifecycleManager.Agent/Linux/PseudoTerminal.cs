using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace LifecycleManager.Agent.Linux;

/// <summary>A terminal that is read and written by this process, with a process at its other end.</summary>
internal sealed unsafe partial class PseudoTerminal : IDisposable
{
    private const int MaxPath = 64;
    private const int NoControllingTerminal = 0x100;
    private const nuint SetWindowSize = 0x5414;
    private readonly int _descriptor;

    private PseudoTerminal(int descriptor, string path)
    {
        (_descriptor, Path) = (descriptor, path);

        // What .NET's sockets wait for, without a thread for each, is any descriptor that can be polled.
        Line = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
    }

    /// <summary>This end, to be read and written.</summary>
    public Socket Line { get; }

    /// <summary>The other end, which a process opens.</summary>
    public string Path { get; }

    /// <summary>Makes one.</summary>
    /// <param name="owner">Whose the other end is; null for this process' user.</param>
    /// <exception cref="IOException">The kernel refuses: there are too many.</exception>
    public static PseudoTerminal Open(UserAccount? owner)
    {
        var descriptor = OpenMaster(NativeFiles.ReadWrite | NoControllingTerminal | NativeFiles.CloseOnExec);
        if (descriptor < 0) throw Refused();
        var path = stackalloc byte[MaxPath];
        if (Grant(descriptor) != 0 || Unlock(descriptor) != 0 || NameOf(descriptor, path, MaxPath) != 0
            || Marshal.PtrToStringUTF8((nint)path) is not { } name
            || (owner is not null && Native.ChangeOwner(name, owner.Id, owner.Group) != 0))
        {
            var refusal = Refused();
            _ = Native.Close(descriptor);
            throw refusal;
        }

        return new PseudoTerminal(descriptor, name);
    }

    /// <summary>Says how large the window is that shows it; its foreground process is told by a signal.</summary>
    public void Resize(int rows, int columns)
    {
        // struct winsize: rows, columns, and two of pixels.
        var size = stackalloc ushort[4];
        (size[0], size[1]) = ((ushort)Math.Clamp(rows, 1, ushort.MaxValue), (ushort)Math.Clamp(columns, 1, ushort.MaxValue));
        _ = Control(_descriptor, SetWindowSize, size);
    }

    /// <summary>Hangs up: the session at the other end gets SIGHUP.</summary>
    public void Dispose() => Line.Dispose();

    private static IOException Refused() =>
        new($"there is no terminal to be had: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    [LibraryImport("libc", EntryPoint = "posix_openpt", SetLastError = true)]
    private static partial int OpenMaster(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt", SetLastError = true)]
    private static partial int Grant(int descriptor);

    [LibraryImport("libc", EntryPoint = "unlockpt", SetLastError = true)]
    private static partial int Unlock(int descriptor);

    [LibraryImport("libc", EntryPoint = "ptsname_r", SetLastError = true)]
    private static partial int NameOf(int descriptor, byte* path, nuint length);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(int descriptor, nuint request, void* argument);
}
