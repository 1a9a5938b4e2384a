using LifecycleManager.Agent.Linux;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Sandboxes;

/// <summary>A task's stdout and stderr in its sandbox, each bounded by one older file beside it.</summary>
internal static class LogFiles
{
    /// <summary>Readable for the task's user, and on the machine for those whom the sandbox lets in.</summary>
    public const UnixFileMode LogMode = (UnixFileMode)0x1a4;

    public static readonly string[] Names = ["stdout", "stderr"];

    /// <summary>
    /// Copies a log that has grown over its bound to <c>NAME.1</c> and empties it. The task goes on writing to the same
    /// file, at its new end since the file was opened for appending; what it writes within the copy's last moment is lost,
    /// as with logrotate's <c>copytruncate</c>.
    /// </summary>
    public static void Rotate(string sandbox, long bound, ILogger log)
    {
        foreach (var name in Names)
        {
            try
            {
                // Whatever the task has put there: no link leads the agent elsewhere.
                using var tree = SandboxTree.Open(sandbox);
                using var from = tree.OpenWrite(name);
                if (from is null || from.Length <= bound) continue;
                using var to = tree.Create(name + ".1", LogMode);

                // Before there is anything in it: it is the task's whatever comes of the copy.
                var (_, user, group) = Native.Owner(sandbox);
                tree.Give(name + ".1", user, group);

                // Of a log that has grown by much more than its bound, the end.
                if (from.Length > 2 * bound) from.Seek(-bound, SeekOrigin.End);
                from.CopyTo(to);
                from.SetLength(0);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
            {
                log.LogWarning("The log {Log} in {Sandbox} cannot be rotated: {Reason}", name, sandbox, e.Message);
            }
        }
    }

    /// <summary>Opens a container's log to be written by the agent; what is no file of its own gives way to one.</summary>
    /// <exception cref="IOException">The disk is full or fails, or a directory is in its place.</exception>
    public static FileStream Open(SandboxTree tree, string name)
    {
        try
        {
            if (tree.OpenWrite(name) is { } file) return file;
        }
        catch (InvalidDataException)
        {
            // A container may write to its sandbox: a link of its making, or a pipe.
        }

        return tree.Create(name, LogMode);
    }
}
