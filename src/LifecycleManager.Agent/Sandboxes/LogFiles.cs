using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Sandboxes;

/// <summary>A task's stdout and stderr in its sandbox, each bounded by one older file beside it.</summary>
internal static class LogFiles
{
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
            var path = Path.Combine(sandbox, name);
            try
            {
                var info = new FileInfo(path);
                if (!info.Exists || info.LinkTarget is not null || info.Length <= bound) continue;
                var older = path + ".1";
                // Not through a link that the task may have put there.
                File.Delete(older);
                using (var from = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
                using (var to = new FileStream(older, FileMode.CreateNew, FileAccess.Write))
                {
                    // Of a log that has grown by much more than its bound, the end.
                    if (from.Length > 2 * bound) from.Seek(-bound, SeekOrigin.End);
                    from.CopyTo(to);
                    from.SetLength(0);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                log.LogWarning("The log {Path} cannot be rotated: {Reason}", path, e.Message);
            }
        }
    }
}
