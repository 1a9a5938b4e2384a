using LifecycleManager.Agent.Containerizers.Processes;
using LifecycleManager.Agent.Linux;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Recovery;

/// <summary>Ends what runs under this agent's mark and is no task's.</summary>
internal static class OrphanedProcesses
{
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(100);

    /// <summary>Sends SIGKILL until nothing of the containers is left.</summary>
    public static async Task EndAsync(
        IReadOnlyCollection<string> containers, ProcessContainerizer processes, TimeProvider time, ILogger log,
        CancellationToken stopping)
    {
        foreach (var container in containers)
        {
            log.LogWarning("The processes of container {Container} belong to no task that is known, and are ended", container);
            while (true)
            {
                var left = processes.Left(container);
                foreach (var pid in left) _ = Native.Kill(pid, Native.SigKill);
                if (left.Count == 0) break;
                await Task.Delay(Again, time, stopping);
            }

            await processes.RemoveAsync(container, stopping);
        }
    }
}
