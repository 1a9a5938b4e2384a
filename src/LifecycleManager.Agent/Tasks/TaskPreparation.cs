using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Launching;
using LifecycleManager.Agent.Sandboxes;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Tasks;

/// <summary>
/// What comes before a task runs: its sandbox, and its artifacts in it. All of it or nothing: a try that a crash cut off begins
/// anew, and a launch that fails leaves an empty sandbox with the reason in its stderr.
/// </summary>
internal sealed class TaskPreparation(TaskServices services)
{
    /// <summary>Makes the sandbox and fetches into it; once that has succeeded, a second call does nothing.</summary>
    /// <exception cref="LaunchException">It cannot be had; the message says why.</exception>
    public async Task RunAsync(Launch launch, IContainerizer containerizer, CancellationToken cancellation)
    {
        var done = Path.Combine(launch.Meta, "prepared");
        // A task of an earlier version has no such file, and its sandbox may be in use.
        if (File.Exists(done) || (launch.IsRecovered && containerizer.WasBegun(launch))) return;
        var plan = containerizer.PlanOf(launch.Record);
        try
        {
            SandboxSetup.Make(launch.Sandbox, services.Directory.Root, plan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new LaunchException($"the sandbox cannot be made: {e.Message}");
        }

        await services.Fetcher.FetchAsync(launch, plan.User, cancellation);
        try
        {
            await File.WriteAllTextAsync(done, "", cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LaunchException(e.Message);
        }
    }

    /// <summary>Takes back what a launch has made that failed.</summary>
    public void Undo(TaskRecord record, string sandbox, string reason)
    {
        try
        {
            SandboxSetup.Empty(sandbox, reason);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            services.Log.LogWarning(
                "The sandbox of task {Task}, which was not started, cannot be emptied: {Reason}", record.TaskId.Value, e.Message);
        }
    }
}
