namespace LifecycleManager.Security.Joining;

/// <summary>Where a process that has joined gets its next certificate: at a master, or from the authority itself.</summary>
public interface IIdentitySource
{
    /// <summary>A new certificate in the name of the present one.</summary>
    /// <param name="request">The signing request (PEM).</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="JoinException">There is none.</exception>
    Task<JoinAnswer> RenewAsync(string request, CancellationToken cancellation);

    /// <summary>What every member is to know now.</summary>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="JoinException">Nobody says.</exception>
    Task<Trust> TrustAsync(CancellationToken cancellation);
}

/// <summary>A process cannot join, or cannot stay: in one line, with what to do.</summary>
/// <param name="message">Why.</param>
/// <param name="inner">What it comes from.</param>
public sealed class JoinException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether nobody is there who could have answered: a master that has not started yet, for one.</summary>
    public bool IsAway { get; init; }
}

/// <summary>The authority in this process.</summary>
/// <param name="authority">It.</param>
public sealed class OwnAuthority(ClusterAuthority authority) : IIdentitySource
{
    /// <inheritdoc/>
    public Task<JoinAnswer> RenewAsync(string request, CancellationToken cancellation) =>
        Ask(() => authority.Issue(request, JoinRole.Master, null, isKnown: true));

    /// <inheritdoc/>
    public Task<Trust> TrustAsync(CancellationToken cancellation) => Ask(authority.Trust);

    private static Task<T> Ask<T>(Func<T> ask)
    {
        try
        {
            return Task.FromResult(ask());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new JoinException($"the authority cannot be used: {e.Message}", e);
        }
    }
}
