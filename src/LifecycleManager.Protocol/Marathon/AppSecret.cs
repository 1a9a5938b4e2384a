namespace LifecycleManager.Protocol.Marathon;

/// <summary>A secret's source.</summary>
/// <param name="Source">Its name on the agents.</param>
public sealed record AppSecret(string Source);
