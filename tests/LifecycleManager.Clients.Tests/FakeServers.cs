using System.Collections.Concurrent;
using System.Net;

namespace LifecycleManager.Clients.Tests;

/// <summary>Answers calls without a network, and remembers them.</summary>
internal sealed class FakeServers(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer)
    : HttpMessageHandler
{
    public FakeServers(Func<HttpRequestMessage, HttpResponseMessage> answer)
        : this((request, _) => Task.FromResult(answer(request)))
    {
    }

    /// <summary>Address, caller and body of each call.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    public static HttpResponseMessage Redirect(string? location, HttpStatusCode status = HttpStatusCode.TemporaryRedirect)
    {
        var answer = new HttpResponseMessage(status);
        if (location is not null) answer.Headers.Location = new Uri(location, UriKind.RelativeOrAbsolute);
        return answer;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        Calls.Enqueue($"{request.RequestUri} {request.Headers.Authorization} {body}".TrimEnd());
        var result = await answer(request, cancellationToken);
        result.RequestMessage = request;
        return result;
    }
}
