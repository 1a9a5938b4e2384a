namespace LifecycleManager.Decisions;

/// <summary>A place in a policy file; lines and columns count from 1.</summary>
/// <param name="File">The file's path as it was given.</param>
/// <param name="Line">The line.</param>
/// <param name="Column">The column.</param>
public readonly record struct SourcePlace(string File, int Line, int Column)
{
    /// <inheritdoc />
    public override string ToString() => $"{File}:{Line}:{Column}";
}
