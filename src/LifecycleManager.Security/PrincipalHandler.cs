namespace LifecycleManager.Security;

/// <summary>Says with each call who calls, by the secret of that moment.</summary>
/// <param name="credential">Who calls.</param>
/// <param name="looks">Whether the secret's file is looked at before each call: by whoever has no <see
/// cref="FileWatch"/>.</param>
public sealed class PrincipalHandler(Credential credential, bool looks = false) : DelegatingHandler
{
    /// <inheritdoc/>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Say(request);
        return base.Send(request, cancellationToken);
    }

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Say(request);
        return base.SendAsync(request, cancellationToken);
    }

    private void Say(HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (looks) credential.File?.Look();
        request.Headers.Authorization = credential.Header;
    }
}
