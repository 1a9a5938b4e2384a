namespace LifecycleManager.Scheduler.Core.Instances;

/// <summary>What one check of an instance found.</summary>
/// <param name="Success">Whether it passed.</param>
/// <param name="Cause">Why it failed.</param>
internal sealed record CheckResult(bool Success, string? Cause = null);

/// <summary>The last answer of a readiness check.</summary>
/// <param name="Name">The check.</param>
/// <param name="TaskId">The instance.</param>
/// <param name="Ready">Whether the answer means ready.</param>
/// <param name="LastStatus">The code of the last answer, where there was one.</param>
/// <param name="LastContentType">Its content type.</param>
/// <param name="LastBody">The beginning of its body, where the check preserves it.</param>
internal sealed record ReadinessResult(
    string Name, string TaskId, bool Ready, int? LastStatus = null, string? LastContentType = null, string? LastBody = null);
