namespace LifecycleManager.Runtime.Health;

/// <summary>
/// How a role says that it can not go on within its process: the process ends with exit code 70, or, beside other roles, the role
/// alone begins again.
/// </summary>
public sealed class RoleFailure
{
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with the cause once the role has failed; never, where it does not.</summary>
    public Task<Exception> Failed => _failed.Task;

    /// <summary>The role can not go on. The first cause counts.</summary>
    public void Fail(Exception cause) => _failed.TrySetResult(cause);
}
