using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>
/// All of the collector's GET requests: one connection pool, bounded answers, no redirects, no cookies, no proxy.
/// </summary>
internal sealed class ScrapeClient : IDisposable
{
    private readonly HttpMessageInvoker _http;
    private readonly int _maxBodyBytes;

    public ScrapeClient(CollectorOptions options)
    {
        _maxBodyBytes = options.MaxBodyBytes;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            // A redirect of a metrics endpoint leads to a sign-in page, or to where the target itself could not go.
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.GZip,
            ActivityHeadersPropagator = null,
            ConnectTimeout = options.Timeout,
            MaxConnectionsPerServer = 8,
            MaxResponseDrainSize = 0,
            PooledConnectionLifetime = TimeSpan.FromMinutes(15),
            PooledConnectionIdleTimeout = options.Interval * 2 + TimeSpan.FromSeconds(30),
        });
    }

    /// <summary>Finds the reason in the body of a refusal.</summary>
    public delegate string? Explain(ReadOnlySpan<byte> body);

    /// <summary>Gets a body. Any status but 200 is a <see cref="ScrapeException"/>.</summary>
    /// <param name="uri">Where.</param>
    /// <param name="accept">The accepted media types.</param>
    /// <param name="credential">Who asks.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="name">What to call the address in messages; null: itself.</param>
    /// <param name="explain">Takes the reason out of the body of a refusal, where the server gives one.</param>
    /// <param name="unavailable">Whether the body of 503 is an answer too: that of a health check.</param>
    /// <param name="follow">Whether to follow one redirect: a standby's to its leader.</param>
    public async Task<Body> GetAsync(
        Uri uri, string accept, AuthenticationHeaderValue? credential, CancellationToken cancellation, string? name = null,
        Explain? explain = null,
        bool follow = false, bool unavailable = false)
    {
        name ??= uri.ToString();
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.TryAddWithoutValidation("User-Agent", "LifecycleManager");
        request.Headers.Authorization = credential;
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, cancellation);
        }
        catch (HttpRequestException e)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new ScrapeException(FailureReason.Connection, $"{name}: {HttpProblem.Describe(e)}");
        }

        using (response)
        {
            if (follow && (int)response.StatusCode is > 300 and < 400 && response.Headers.Location is { } leader)
                return await GetAsync(new Uri(uri, leader), accept, credential, cancellation, explain: explain);
            var isAnswer = response.StatusCode == HttpStatusCode.OK
                || (unavailable && response.StatusCode == HttpStatusCode.ServiceUnavailable);
            if (!isAnswer && explain is null) throw Refused(name, response);
            var headers = response.Content.Headers;
            var body = new Body(headers.ContentLength) { MediaType = headers.ContentType?.MediaType?.ToLowerInvariant() ?? "" };
            try
            {
                await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
                await body.FillAsync(stream, _maxBodyBytes, cancellation);
                if (isAnswer) return body;
                var refused = Refused(name, response);
                throw explain!(body.Bytes) is { } reason
                    ? new ScrapeException(refused.Reason, $"{refused.Message}: {reason}")
                    : refused;
            }
            catch (Exception e)
            {
                body.Dispose();
                cancellation.ThrowIfCancellationRequested();
                throw e switch
                {
                    ScrapeException { Reason: FailureReason.TooLarge } =>
                        new ScrapeException(FailureReason.TooLarge, $"{name}: {e.Message}"),
                    InvalidDataException =>
                        new ScrapeException(FailureReason.Malformed, $"{name}: the compressed body is damaged"),
                    IOException or HttpRequestException =>
                        new ScrapeException(FailureReason.Connection, $"{name}: {HttpProblem.Describe(e)}"),
                    _ => e,
                };
            }
        }
    }

    public void Dispose() => _http.Dispose();

    private static ScrapeException Refused(string name, HttpResponseMessage response) => (int)response.StatusCode switch
    {
        404 or 405 or 410 => new ScrapeException(FailureReason.NotFound, $"{name} answered {(int)response.StatusCode}"),
        >= 300 and < 400 => new ScrapeException(
            FailureReason.Status,
            $"{name} answered {(int)response.StatusCode}, a redirect to {Place(response.Headers.Location)}"),
        var status => new ScrapeException(FailureReason.Status, $"{name} answered {status}"),
    };

    // Without the query, which may carry tokens.
    private static string Place(Uri? location) => location is null ? "nowhere" : location.OriginalString.Split('?', '#')[0];
}
