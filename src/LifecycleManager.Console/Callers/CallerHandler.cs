namespace LifecycleManager.Console.Callers;

/// <summary>Asks a role as who looks at the page, so that the page shows no more than he may see.</summary>
internal sealed class CallerHandler(PageCaller caller) : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (caller.Authorization is { } authorization) request.Headers.TryAddWithoutValidation("Authorization", authorization);
        return base.SendAsync(request, cancellationToken);
    }
}
