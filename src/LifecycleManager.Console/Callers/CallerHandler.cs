using System.Net;
using LifecycleManager.Security;

namespace LifecycleManager.Console.Callers;

/// <summary>
/// Asks a role as who looks at the page, so that the page shows no more than he may see, and does no more than he may do. Who is
/// known by his certificate cannot be asked for so: it is his machine's, and what this process would show instead is its own.
/// </summary>
internal sealed class CallerHandler(PageCaller caller) : DelegatingHandler
{
    /// <summary>What he is told who would change something.</summary>
    public const string NotBySecret =
        "You are known by your certificate, which the console cannot show to another role: say who you are by a secret.";

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (caller.Authorization is { } authorization) request.Headers.TryAddWithoutValidation("Authorization", authorization);
        else if (caller.IsByCertificate && !EndpointAccess.IsReading(request.Method.Method))
        {
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.Forbidden)
            {
                RequestMessage = request,
                Content = new StringContent(NotBySecret),
            });
        }

        return base.SendAsync(request, cancellationToken);
    }
}
