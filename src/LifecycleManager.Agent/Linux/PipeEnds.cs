using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace LifecycleManager.Agent.Linux;

/// <summary>A pipe of which one end is this process' and the other a new process'.</summary>
internal sealed unsafe partial class PipeEnds : IDisposable
{
    private int _other;

    private PipeEnds(int own, int other)
    {
        // As with terminals: a descriptor that can be polled.
        Line = new Socket(new SafeSocketHandle(own, ownsHandle: true));
        _other = other;
    }

    /// <summary>This end.</summary>
    public Socket Line { get; }

    /// <summary>The other end, until it is <see cref="Release">let go</see>.</summary>
    public int Other => _other;

    /// <summary>Makes one.</summary>
    /// <param name="isRead">Whether this process reads.</param>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public static PipeEnds Open(bool isRead)
    {
        var ends = stackalloc int[2];
        if (Make(ends, NativeFiles.CloseOnExec) != 0)
            throw new IOException($"there is no pipe to be had: {Marshal.GetLastPInvokeErrorMessage()}");
        return isRead ? new PipeEnds(ends[0], ends[1]) : new PipeEnds(ends[1], ends[0]);
    }

    /// <summary>The other end is the new process' alone from now on: its end is seen.</summary>
    public void Release()
    {
        if (_other >= 0) _ = Native.Close(_other);
        _other = -1;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Release();
        Line.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static partial int Make(int* ends, int flags);
}
