using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Containerizers.Docker;
using LifecycleManager.Agent.Tasks;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Garbage;

/// <summary>Removes, from time to time, the sandboxes of ended tasks and the images that nobody uses any more.</summary>
internal sealed class GarbageCollector(
    AgentDirectory directory, TaskTable tasks, DockerEngine? engine, ImageCollector? images, AgentOptions options,
    TimeProvider time, AgentCounts counts,
    ILogger log)
{
    private readonly SandboxCollector _sandboxes = new(directory.Sandboxes, log) { Counts = counts };

    /// <summary>How many sandboxes of ended tasks wait for their removal.</summary>
    public int Waiting => _sandboxes.Waiting;

    /// <summary>
    /// The longest that a round may take before the loop counts as one that stands still: an hour, since large sandboxes take
    /// long.
    /// </summary>
    public static readonly TimeSpan LongestTurn = TimeSpan.FromHours(1);

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(LoopReport report, CancellationToken cancellation)
    {
        var ages = new AgeTable(Path.Combine(directory.Root, "sandbox-ages.json"), time);
        while (true)
        {
            await time.DelayAsync(options.CollectInterval, cancellation);
            report.BeginTurn();
            try
            {
                var live = tasks.All.Select(run => run.Record).ToList();
                var containers = live.Select(record => record.ContainerId).ToHashSet();
                var age = SandboxCollector.MaxAge(
                    options.SandboxDelay, options.DiskHeadroom, SandboxCollector.DiskUsed(directory.Root));
                counts.SandboxAge = age;
                _sandboxes.Collect(age, ages, containers.Contains);
                ages.Save();
                if (options.CollectImages && images is not null && engine is { IsUp: true })
                {
                    var used = live.Select(record => record.Task.Container?.Docker?.Image ?? "").ToHashSet();
                    await images.CollectAsync(options.ImageDelay, used, cancellation);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                log.LogError("Garbage could not be collected: {Reason}", e.Message);
            }

            report.EndTurn();
        }
    }
}
