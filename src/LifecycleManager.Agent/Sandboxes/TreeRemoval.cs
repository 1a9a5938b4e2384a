using System.Runtime.InteropServices;
using System.Text;
using LifecycleManager.Agent.Linux;
using Microsoft.Win32.SafeHandles;

namespace LifecycleManager.Agent.Sandboxes;

/// <summary>
/// Removes what tasks have made, however deep and whatever its names: each directory is opened from the one above it, so that
/// none that becomes a link meanwhile leads elsewhere.
/// </summary>
internal static class TreeRemoval
{
    // Each level keeps a file open.
    private const int MaxDepth = 100;

    /// <summary>Removes a directory with all that is in it; nothing where there is none.</summary>
    /// <exception cref="IOException">Some of it cannot be removed.</exception>
    public static void Remove(string path)
    {
        using (var directory = SandboxTree.OpenAt(NativeFiles.CurrentDirectory, path, NativeFiles.Directory))
        {
            if (directory is null) return;
            Clear(directory);
        }

        Directory.Delete(path);
    }

    /// <summary>Removes all that is in a directory.</summary>
    /// <exception cref="IOException">Some of it cannot be removed.</exception>
    public static void Clear(SafeFileHandle root)
    {
        var moved = 0;
        // What lies too deep is moved up, and goes with the next round.
        while (!Clear(root, root, 0, ref moved)) continue;
    }

    private static bool Clear(SafeFileHandle root, SafeFileHandle directory, int depth, ref int moved)
    {
        var isAll = true;
        var at = SandboxTree.Number(directory);
        foreach (var name in NativeFiles.Names(at))
        {
            if (NativeFiles.UnlinkAt(at, name, 0) == 0 || Marshal.GetLastPInvokeError() == NativeFiles.NotThere) continue;
            if (depth == MaxDepth)
            {
                var up = Encoding.ASCII.GetBytes($".removed-{moved++}\0");
                if (NativeFiles.RenameAt(at, name, SandboxTree.Number(root), up) != 0) throw Failed(name);
                isAll = false;
                continue;
            }

            var number = NativeFiles.OpenAt(at, name, NativeFiles.Directory | NativeFiles.NoFollow | NativeFiles.CloseOnExec, 0);
            // What is no directory, and cannot be removed, is told by the next call.
            if (number >= 0)
            {
                using var below = new SafeFileHandle(number, ownsHandle: true);
                isAll &= Clear(root, below, depth + 1, ref moved);
            }

            if (NativeFiles.UnlinkAt(at, name, NativeFiles.RemoveDirectory) != 0
                && Marshal.GetLastPInvokeError() != NativeFiles.NotThere) throw Failed(name);
        }

        return isAll;
    }

    private static IOException Failed(byte[] name) => new(
        $"'{Encoding.UTF8.GetString(name).TrimEnd('\0')}' cannot be removed: "
        + Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
}
