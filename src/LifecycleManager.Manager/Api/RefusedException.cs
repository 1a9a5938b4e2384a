namespace LifecycleManager.Manager.Api;

/// <summary>What a request of a tool says wrong, or asks for in vain.</summary>
/// <param name="field">Which part of it.</param>
/// <param name="message">One sentence.</param>
internal sealed class RefusedException(string field, string message) : Exception(message)
{
    public string Field { get; } = field;
}
