using LifecycleManager.Primitives.Timing;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Health;

/// <summary>Tries, from time to time, whether the work directory can be written: without, no task can be accepted.</summary>
/// <param name="directory">The directory.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told once when it begins to fail, and once when it ends.</param>
internal sealed class WorkDirectoryWatch(string directory, TimeProvider time, ILogger log)
{
    /// <summary>Between two tries: 10 s.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    // As much as a file system gives out at the least: an empty file fits on a full disk.
    private static readonly byte[] Content = new byte[4096];
    private volatile string? _problem;

    /// <summary>Raised after each try that succeeded.</summary>
    public event Action? Writable;

    /// <summary>Why it cannot be written; null where it can.</summary>
    public string? Problem => _problem;

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(LoopReport report, CancellationToken cancellation)
    {
        while (true)
        {
            report.BeginTurn();
            Try();
            report.EndTurn();
            await time.DelayAsync(Interval, cancellation);
        }
    }

    private void Try()
    {
        var probe = Path.Combine(directory, "probe");
        try
        {
            // Whatever else bears the name: opening a pipe would wait for its reader.
            File.Delete(probe);
            using (var file = new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
                file.Write(Content);
            File.Delete(probe);
            if (_problem is not null) log.LogInformation("The work directory {Directory} can be written again", directory);
            _problem = null;
            Writable?.Invoke();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (_problem != e.Message) log.LogError("The work directory {Directory} cannot be written: {Reason}", directory,
                e.Message);
            _problem = e.Message;
        }
    }
}
