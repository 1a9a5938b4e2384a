namespace LifecycleManager.Decisions.Policies;

/// <summary>One file of a <see cref="PolicyDirectory"/>.</summary>
/// <param name="File">The path.</param>
/// <param name="Policies">The names of its policies in force.</param>
/// <param name="LoadedAt">When the version in force was read; null where there never was a good one.</param>
/// <param name="Refused">Whether the file as it is now is refused, and an older version (if any) is in force.</param>
/// <param name="Problems">What is wrong with the file as it is now, warnings included.</param>
public sealed record PolicyFileStatus(
    string File, IReadOnlyList<string> Policies, DateTimeOffset? LoadedAt, bool Refused, IReadOnlyList<PolicyProblem> Problems)
{
    /// <summary>Since when the file is gone, while its policies stay in force; null where it is there.</summary>
    public DateTimeOffset? GoneSince { get; init; }
}
