namespace LifecycleManager.Cli;

/// <summary>Something that the user can put right: printed as one line, without a stack, and the exit code is 1.</summary>
public sealed class CliException(string message, Exception? inner = null) : Exception(message, inner);
