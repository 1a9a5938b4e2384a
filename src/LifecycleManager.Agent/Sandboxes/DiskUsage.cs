using System.IO.Enumeration;
using LifecycleManager.Agent.Linux;

namespace LifecycleManager.Agent.Sandboxes;

/// <summary>
/// What a directory takes of the disk, as <c>du</c> has it: blocks, not lengths; a file of several names once; no link followed.
/// </summary>
internal static class DiskUsage
{
    private static readonly EnumerationOptions All = new()
    {
        RecurseSubdirectories = true,
        AttributesToSkip = FileAttributes.None,
        IgnoreInaccessible = true,
    };

    /// <summary>Bytes in use; what vanishes meanwhile is not counted.</summary>
    public static long Of(string directory, CancellationToken cancellation)
    {
        var total = Native.Usage(directory).Bytes;
        var seen = new HashSet<(ulong, ulong)>();
        var entries = new FileSystemEnumerable<string>(directory, (ref FileSystemEntry entry) => entry.ToFullPath(), All)
        {
            ShouldRecursePredicate = (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };
        try
        {
            foreach (var path in entries)
            {
                cancellation.ThrowIfCancellationRequested();
                var (bytes, links, device, inode) = Native.Usage(path);
                if (links <= 1 || seen.Add((device, inode))) total += bytes;
            }
        }
        catch (DirectoryNotFoundException)
        {
            // The sandbox itself has just gone.
        }

        return total;
    }
}
