namespace LifecycleManager.Master.Resources;

/// <summary>A resource is not valid; the message names it and says why.</summary>
internal sealed class ResourceException(string message) : Exception(message);
