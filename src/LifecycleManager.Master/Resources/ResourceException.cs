namespace LifecycleManager.Master.Resources;

/// <summary>A resource is not valid; the message names it and says why.</summary>
public sealed class ResourceException(string message) : Exception(message);
