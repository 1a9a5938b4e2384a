using Microsoft.Extensions.Logging;

namespace LifecycleManager.Decisions.Policies;

/// <summary>One file of a <see cref="PolicyDirectory"/>.</summary>
/// <param name="File">The path.</param>
/// <param name="Policies">The names of its policies in force.</param>
/// <param name="LoadedAt">When the version in force was read; null where there never was a good one.</param>
/// <param name="Refused">Whether the file as it is now is refused, and an older version (if any) is in force.</param>
/// <param name="Problems">What is wrong with the file as it is now, warnings included.</param>
public sealed record PolicyFileStatus(
    string File, IReadOnlyList<string> Policies, DateTimeOffset? LoadedAt, bool Refused, IReadOnlyList<PolicyProblem> Problems);

/// <summary>
/// The policy files (<c>*.yml</c>, <c>*.yaml</c>, but not <c>*.test.yml</c>) below a directory, kept up to date.
/// </summary>
public sealed class PolicyDirectory : IDisposable
{
    /// <summary>Loads the directory and watches it.</summary>
    public PolicyDirectory(string path, TimeProvider time, ILogger<PolicyDirectory> logger)
    {
        _ = (path, time, logger);
    }

    /// <summary>Raised after <see cref="Current"/> or <see cref="Problems"/> changed, never for two reloads at once.</summary>
    public event Action? Changed;

    /// <summary>The policies in force.</summary>
    public PolicySet Current { get; private set; } = PolicySet.Empty;

    /// <summary>What is wrong with the files as they are now.</summary>
    public IReadOnlyList<PolicyProblem> Problems { get; private set; } = [];

    /// <summary>The files, in the order of their names.</summary>
    public IReadOnlyList<PolicyFileStatus> Files { get; private set; } = [];

    /// <summary>Reads what has changed, now.</summary>
    public void Reload() => Changed?.Invoke();

    /// <inheritdoc />
    public void Dispose()
    {
    }
}
