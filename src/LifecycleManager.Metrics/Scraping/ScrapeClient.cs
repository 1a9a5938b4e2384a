using System.Globalization;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Net;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>
/// All of the collector's GET requests: pooled connections, bounded answers that are whole, no cookies, no proxy.
/// </summary>
/// <remarks>
/// Whole is an answer whose end is proved: by its length, by the last chunk, by the trailer of what is compressed (the runtime
/// looks at that one where <c>System.IO.Compression.UseStrictValidation</c> is set, as Directory.Build.props does). Where a
/// server says nothing of the length and closes, only the text itself can tell, as OpenMetrics does by <c># EOF</c>.
/// </remarks>
internal sealed class ScrapeClient(CollectorOptions options) : IDisposable
{
    private readonly ScrapeHandlers _handlers = new(options);

    /// <summary>Finds the reason in the body of a refusal.</summary>
    public delegate string? Explain(ReadOnlySpan<byte> body);

    /// <summary>Gets a body from a source that is no target. Any status but 200 is a <see cref="ScrapeException"/>.</summary>
    /// <param name="uri">Where.</param>
    /// <param name="accept">The accepted media types.</param>
    /// <param name="credential">Who asks.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="name">What to call the address in messages; null: itself.</param>
    /// <param name="explain">Takes the reason out of the body of a refusal, where the server gives one.</param>
    /// <param name="follow">Whether to follow one redirect: a standby's to its leader.</param>
    /// <param name="tls">How the source is known to be itself; null for the usual.</param>
    public Task<ResponseBody> GetAsync(
        Uri uri, string accept, AuthenticationHeaderValue? credential, CancellationToken cancellation, string? name = null,
        Explain? explain = null, bool follow = false, TlsSettings? tls = null) => SendAsync(
            new ScrapeRequest(uri, accept)
            {
                Credential = credential,
                Name = name,
                Explain = explain,
                Redirects = follow ? RedirectRule.ToLeader : RedirectRule.None,
                Tls = tls ?? TlsSettings.Usual,
            },
            cancellation);

    /// <summary>Gets a body. Any status but 200 is a <see cref="ScrapeException"/>.</summary>
    public async Task<ResponseBody> SendAsync(ScrapeRequest request, CancellationToken cancellation)
    {
        var uri = request.Uri;
        for (var redirects = 0; ; redirects++)
        {
            var name = request.Name ?? uri.ToString();
            using var response = await AskAsync(request, uri, name, cancellation);
            if (response.StatusCode is not (HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
                or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect))
                return await ReadAsync(request, name, response, cancellation);
            uri = Next(request.Redirects, uri, name, response, redirects);
        }
    }

    public void Dispose() => _handlers.Dispose();

    private async Task<HttpResponseMessage> AskAsync(
        ScrapeRequest request, Uri uri, string name, CancellationToken cancellation)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, uri);
        message.Headers.TryAddWithoutValidation("Accept", request.Accept);
        message.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");
        message.Headers.TryAddWithoutValidation("User-Agent", "LifecycleManager");
        if (request.ToldTimeout is { } timeout)
        {
            message.Headers.TryAddWithoutValidation("X-Prometheus-Scrape-Timeout-Seconds",
                timeout.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture));
        }

        message.Headers.Authorization = request.Credential;
        if (uri.Scheme == "https") message.Headers.Host = request.Tls.ServerName;
        try
        {
            return await _handlers.For(request.Tls).SendAsync(message, cancellation);
        }
        catch (HttpRequestException e)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new ScrapeException(Reason(e), $"{name}: {HttpProblem.Describe(e)}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The handler's own limit of the time to connect, TLS among it.
            throw new ScrapeException(
                FailureReason.Timeout, $"{name}: no connection within {options.Timeout.TotalSeconds:0.###} s");
        }
    }

    private static Uri Next(RedirectRule rule, Uri from, string name, HttpResponseMessage response, int redirects)
    {
        var location = response.Headers.Location;
        if (rule == RedirectRule.ToLeader && redirects == 0 && location is not null) return new Uri(from, location);
        var why = rule == RedirectRule.ToItself ? "" : "which is not followed";
        if (rule == RedirectRule.ToItself)
        {
            if (redirects == Redirects.Most) why = $"the {Redirects.Most + 1}th, which is not followed";
            else if (Redirects.Follow(from, location, out var refusal) is { } next) return next;
            else why = refusal!;
        }

        throw new ScrapeException(
            FailureReason.Status, $"{name} answered {(int)response.StatusCode}, a redirect to {Place(location)}, {why}")
        {
            Status = (int)response.StatusCode,
        };
    }

    private async Task<ResponseBody> ReadAsync(
        ScrapeRequest request, string name, HttpResponseMessage response, CancellationToken cancellation)
    {
        var isAnswer = response.StatusCode == HttpStatusCode.OK
            || (request.TakesUnavailable && response.StatusCode == HttpStatusCode.ServiceUnavailable);
        if (!isAnswer && request.Explain is null) throw Refused(name, response);
        var headers = response.Content.Headers;
        var isCompressed = IsCompressed(headers);
        var body = new ResponseBody(isCompressed ? null : headers.ContentLength)
        {
            ContentType = headers.NonValidated.TryGetValues("Content-Type", out var type) ? type.ToString() : "",
        };
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
            if (isCompressed)
            {
                await using var plain = new GZipStream(stream, CompressionMode.Decompress);
                await body.FillAsync(plain, options.MaxBodyBytes, cancellation);
                // Of nothing at all the runtime says nothing; what is compressed has a head and a trailer at least.
                if (body.Bytes.Length == 0 && headers.ContentLength == 0) throw new InvalidDataException();
            }
            else
            {
                await body.FillAsync(stream, options.MaxBodyBytes, cancellation);
            }

            if (isAnswer) return body;
            var refused = Refused(name, response);
            throw request.Explain!(body.Bytes) is { } reason
                ? new ScrapeException(refused.Reason, $"{refused.Message}: {reason}") { Status = refused.Status }
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
                InvalidDataException => new ScrapeException(
                    FailureReason.Incomplete, $"{name}: the compressed body is damaged or cut short"),
                HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } => new ScrapeException(
                    FailureReason.Incomplete, $"{name}: the answer broke off before its end"),
                IOException or HttpRequestException =>
                    new ScrapeException(FailureReason.Incomplete, $"{name}: {HttpProblem.Describe(e)}"),
                _ => e,
            };
        }
    }

    // What failed: the connection, or, once there was one, this answer.
    private static FailureReason Reason(HttpRequestException e) => e.HttpRequestError switch
    {
        _ when CertificateProblem.IsIn(e) => FailureReason.Certificate,
        HttpRequestError.ResponseEnded or HttpRequestError.Unknown => FailureReason.Incomplete,
        HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded => FailureReason.Malformed,
        _ => FailureReason.Connection,
    };

    // What was not asked for is not undone: the parser will see whether it is what it is said to be.
    private static bool IsCompressed(HttpContentHeaders headers) =>
        headers.ContentEncoding is { Count: 1 } encodings
        && encodings.First().Trim() is var encoding
        && (encoding.Equals("gzip", StringComparison.OrdinalIgnoreCase)
            || encoding.Equals("x-gzip", StringComparison.OrdinalIgnoreCase));

    private static ScrapeException Refused(string name, HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        return new ScrapeException(
            status is 404 or 405 or 410 ? FailureReason.NotFound : FailureReason.Status, $"{name} answered {status}")
        {
            Status = status,
        };
    }

    // Without the query, which may carry tokens.
    private static string Place(Uri? location) => location is null ? "nowhere" : location.OriginalString.Split('?', '#')[0];
}
