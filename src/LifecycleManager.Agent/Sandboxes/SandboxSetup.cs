using LifecycleManager.Agent.Linux;

namespace LifecycleManager.Agent.Sandboxes;

/// <summary>Makes sandboxes, and empties those of launches that failed.</summary>
internal static class SandboxSetup
{
    private const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Private = Own | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;

    /// <summary>
    /// Makes a sandbox anew: its user's alone, with the files of its output and the links of its volumes. Whatever an earlier
    /// try has left in it goes.
    /// </summary>
    /// <param name="sandbox">The sandbox.</param>
    /// <param name="root">The agent's directory, down from which its user gets to the sandbox.</param>
    /// <param name="plan">Whose it is, and what is in it.</param>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    /// <exception cref="InvalidDataException">A volume's path is none within the sandbox.</exception>
    public static void Make(string sandbox, string root, SandboxPlan plan)
    {
        Directory.CreateDirectory(sandbox);
        using var tree = SandboxTree.Open(sandbox);
        // Nobody else gets in until all of it is there.
        tree.SetMode(Own);
        tree.Clear();
        foreach (var name in LogFiles.Names)
        {
            tree.Create(name, LogFiles.LogMode).Dispose();
            if (plan.User is not null) tree.Give(name, plan.User.Id, plan.User.Group);
        }

        foreach (var (name, target) in plan.Links)
        {
            tree.Link(name, target);
            var above = SandboxTree.Parts(name)[..^1];
            for (var depth = 1; depth <= above.Length && plan.User is not null; depth++)
                tree.Give(string.Join('/', above[..depth]), plan.User.Id, plan.User.Group);
        }

        if (plan.User is not null)
        {
            tree.Give(".", plan.User.Id, plan.User.Group);
            LetThrough(Path.GetDirectoryName(sandbox)!, root);
        }

        tree.SetMode(Private);
    }

    /// <summary>The directory above an agent's own through which other users do not get; null where there is none.</summary>
    public static string? Obstacle(string root)
    {
        for (var above = Path.GetDirectoryName(Path.GetFullPath(root)); above is not null; above = Path.GetDirectoryName(above))
        {
            if (Directory.Exists(above) && !File.GetUnixFileMode(above).HasFlag(UnixFileMode.OtherExecute)) return above;
        }

        return null;
    }

    /// <summary>
    /// Opens the sandbox of a container to whatever user the container has, or becomes. On the machine nobody but the agent's
    /// own user gets to it: the way through the directory above is closed.
    /// </summary>
    /// <exception cref="IOException">The disk fails.</exception>
    public static void Share(string sandbox)
    {
        File.SetUnixFileMode(Path.GetDirectoryName(sandbox)!, Own);
        using var tree = SandboxTree.Open(sandbox);
        tree.SetMode((UnixFileMode)0x1ff | UnixFileMode.StickyBit);
    }

    /// <summary>
    /// Takes everything out of the sandbox of a launch that failed; its stderr has the reason, as people look for it there.
    /// </summary>
    /// <exception cref="IOException">The disk fails.</exception>
    public static void Empty(string sandbox, string reason)
    {
        if (!Directory.Exists(sandbox)) return;
        using var tree = SandboxTree.Open(sandbox);
        tree.Clear();
        tree.SetMode(Private);
        tree.Create("stdout", LogFiles.LogMode).Dispose();
        using var stderr = tree.Create("stderr", LogFiles.LogMode);
        stderr.Write(System.Text.Encoding.UTF8.GetBytes($"not started: {reason}\n"));
    }

    // The way to a task's own sandbox, no more: nothing on it can be listed.
    private static void LetThrough(string directory, string root)
    {
        const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        for (; directory.Length >= root.Length; directory = Path.GetDirectoryName(directory)!)
        {
            var mode = File.GetUnixFileMode(directory);
            var needed = (mode & ~Others) | UnixFileMode.OtherExecute;
            if (mode != needed) File.SetUnixFileMode(directory, needed);
        }
    }
}
