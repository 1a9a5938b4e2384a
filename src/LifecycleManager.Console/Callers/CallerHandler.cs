using System.Net;
using LifecycleManager.Security;

namespace LifecycleManager.Console.Callers;

/// <summary>
/// Asks a role as who looks at the page, so that the page shows no more than he may see, and does no more than he may do. Who is
/// known by his certificate, which is his browser's alone, is named to the role, which believes that of whom it says so.
/// </summary>
/// <param name="caller">Who looks.</param>
/// <param name="own">Says it to this process's own role; null where another is asked.</param>
/// <param name="speaker">Who the console is to a role that asks for a secret; null for its certificate.</param>
/// <param name="time">The clock.</param>
internal sealed class CallerHandler(PageCaller caller, OnBehalf? own, Credential? speaker, TimeProvider time) : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (caller.Authorization is { } authorization)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }
        else if (caller.Certificate is { } certificate)
        {
            // Its connection has ended by then; what was begun for it may still ask.
            if (certificate.Until <= time.GetUtcNow()) return Task.FromResult(Over(request, certificate));
            request.Headers.Authorization = own is null ? OnBehalf.By(certificate.Name, speaker)
                : own.ByThisProcess(certificate.Name, request.Method.Method, request.RequestUri!.PathAndQuery);
        }

        return base.SendAsync(request, cancellationToken);
    }

    private static HttpResponseMessage Over(HttpRequestMessage request, PageCertificate certificate) =>
        new(HttpStatusCode.Unauthorized)
        {
            RequestMessage = request,
            Content = new StringContent(
                $"Your certificate, '{certificate.Name}', is over since {certificate.Until.UtcDateTime:u}."),
        };
}
