namespace LifecycleManager.Cli;

/// <summary>Something that the user can put right: printed as one line, without a stack.</summary>
/// <param name="message">What is wrong, and what to do next.</param>
/// <param name="inner">What it comes from.</param>
/// <param name="code">The exit code; null for the command's own of failures, which is 1.</param>
public sealed class CliException(string message, Exception? inner = null, int? code = null) : Exception(message, inner)
{
    /// <summary>The exit code; null for the command's own of failures.</summary>
    public int? Code { get; } = code;
}
