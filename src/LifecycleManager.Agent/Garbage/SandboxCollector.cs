using LifecycleManager.Agent.Sandboxes;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Garbage;

/// <summary>
/// Removes the sandboxes of ended tasks by Mesos' rule: after a delay that shrinks with the disk's filling, to nothing when
/// only the headroom is left.
/// </summary>
internal sealed class SandboxCollector(string root, ILogger log)
{
    /// <summary>How old a sandbox may be.</summary>
    /// <param name="delay">On an empty disk.</param>
    /// <param name="headroom">The share of the disk that is kept free, such as 0.1.</param>
    /// <param name="used">The share that is used, 0 to 1.</param>
    public static TimeSpan MaxAge(TimeSpan delay, double headroom, double used) => delay * Math.Max(0, 1 - headroom - used);

    /// <summary>The share of the file system that is used.</summary>
    public static double DiskUsed(string directory)
    {
        var drive = new DriveInfo(directory);
        return drive.TotalSize == 0 ? 0 : 1 - ((double)drive.AvailableFreeSpace / drive.TotalSize);
    }

    /// <summary>Told what is removed and what cannot be.</summary>
    public AgentCounts? Counts { get; init; }

    /// <summary>How many sandboxes of ended tasks there were, and stayed, when it last looked.</summary>
    public int Waiting { get; private set; }

    /// <summary>Removes what is older, the oldest first.</summary>
    /// <param name="maxAge">Since the task's end was seen.</param>
    /// <param name="ages">How long ago that was; what is seen for the first time stays.</param>
    /// <param name="isLive">Whether a container is still somebody's.</param>
    /// <returns>How many sandboxes were removed.</returns>
    public int Collect(TimeSpan maxAge, AgeTable ages, Func<string, bool> isLive)
    {
        var removed = 0;
        var ended = Runs().Where(run => !isLive(run.Name)).ToList();
        ages.Keep([.. ended.Select(run => run.Name)]);
        foreach (var run in ended.Where(run => ages.Age(run.Name) > maxAge)
            .OrderByDescending(run => ages.Age(run.Name)).ThenBy(run => run.LastWriteTimeUtc).ToList())
        {
            try
            {
                // Links are removed, never followed, be they made meanwhile.
                TreeRemoval.Remove(run.FullName);
                removed++;
                Counts?.Removed(isSuccess: true);
                ages.Forget(run.Name);
                RemoveEmpty(run.Parent!);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Counts?.Removed(isSuccess: false);
                log.LogWarning("The sandbox {Sandbox} cannot be removed: {Reason}", run.FullName, e.Message);
            }
        }

        Waiting = ended.Count - removed;
        if (removed > 0) log.LogInformation("Removed {Count} sandboxes older than {Age}", removed, maxAge);
        return removed;
    }

    // ROOT/AGENT/frameworks/FRAMEWORK/executors/TASK/runs/CONTAINER
    private IEnumerable<DirectoryInfo> Runs() => new DirectoryInfo(root).EnumerateDirectories()
        .SelectMany(agent => Below(agent, "frameworks"))
        .SelectMany(framework => Below(framework, "executors"))
        .SelectMany(task => Below(task, "runs"))
        .Where(run => run.LinkTarget is null);

    private static IEnumerable<DirectoryInfo> Below(DirectoryInfo directory, string name)
    {
        var below = new DirectoryInfo(Path.Combine(directory.FullName, name));
        return below.Exists ? below.EnumerateDirectories() : [];
    }

    private void RemoveEmpty(DirectoryInfo directory)
    {
        var latest = Path.Combine(directory.FullName, "latest");
        if (directory.Name == "runs" && !directory.EnumerateDirectories().Any(run => run.LinkTarget is null)) File.Delete(latest);
        while (directory.FullName.Length > root.Length && !directory.EnumerateFileSystemInfos().Any())
        {
            directory.Delete();
            directory = directory.Parent!;
        }
    }
}
