using System.Globalization;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Scaling.Targets.Marathon;

/// <summary>
/// Tells from an app's last failure whether it was for want of memory. Marathon passes on Mesos' words, no reason.
/// </summary>
internal static class MemoryEnds
{
    // Mesos' isolator, Mesos' Docker containerizer, and our agent: "it exceeded its memory limit of 64 MB".
    private static readonly string[] Words = ["memory limit exceeded", "exceeded its memory limit", "oom killed", "oomkilled"];

    /// <summary>The end; null where the app has not failed, or for another reason, or what is told cannot be read.</summary>
    public static MemoryEnd? Of(App app) =>
        app is { Id: { Length: > 0 } id, LastTaskFailure: { Message: { } message, TaskId: { Length: > 0 } task } failure }
        && failure.Timestamp is { } at && Array.Exists(Words, word => message.Contains(word, StringComparison.OrdinalIgnoreCase))
        && DateTimeOffset.TryParse(
            at, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var ended)
            ? new MemoryEnd(id.StartsWith('/') ? id : "/" + id, task, ended) : null;
}
