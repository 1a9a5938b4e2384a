namespace LifecycleManager.Storage;

/// <summary>The store cannot be reached or cannot work. Nothing was written: the call may be repeated.</summary>
public sealed class StateUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// A write was sent and the answer never came: it may be in force, wholly, or not at all. It is never repeated by the store; a
/// caller reads back, or steps down and lets the next leader read what is there.
/// </summary>
public sealed class WriteOutcomeUnknownException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A value or a batch is over what the store takes; nothing was written.</summary>
public sealed class StateTooLargeException(string message) : Exception(message);

/// <summary>What is stored cannot be used: another program's file, a newer format, or damage.</summary>
public sealed class StateFormatException(string message, Exception? inner = null) : Exception(message, inner);
