using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Runtime;

namespace LifecycleManager.Security.Joining;

/// <summary>Asks masters for certificates: of several, the one that has the authority.</summary>
public sealed class JoinClient : IIdentitySource
{
    private const int LongestAnswer = 4 * 1024 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly ClusterIdentity _identity;
    private readonly JoinRole _role;

    /// <summary>The client of a process that has joined.</summary>
    /// <param name="identity">Who it is.</param>
    /// <param name="role">Its role.</param>
    public JoinClient(ClusterIdentity identity, JoinRole role) => (_identity, _role) = (identity, role);

    /// <summary>Joins a cluster by a token.</summary>
    /// <param name="token">The token.</param>
    /// <param name="role">Who joins.</param>
    /// <param name="masters">Where; the first that has the authority of the token is given it.</param>
    /// <param name="request">The signing request (PEM).</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="JoinException">It did not; in one line.</exception>
    public static async Task<JoinAnswer> JoinAsync(
        JoinToken token, JoinRole role, IReadOnlyList<Uri> masters, string request, TimeProvider time,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentNullException.ThrowIfNull(time);
        if (token.WhyNot(role, time.GetUtcNow()) is { } problem) throw new JoinException(problem);
        return await AskEachAsync(masters, async master =>
        {
            // Whoever answers here may be anybody: the digest says whether the authority is the token's. The token goes to a
            // server whose certificate that authority has signed, and to no other.
            using var anybody = Client(Unverified());
            var pem = await AnswerAsync(
                await anybody.GetAsync(At(master, AuthorityEndpoints.Authority), cancellation), master, cancellation);
            using var authority = Authority(pem, master);
            if (ClusterAuthority.DigestOf(authority) != token.Authority)
            {
                throw new JoinException($"{Name(master)} is of another cluster: its authority's digest is "
                    + $"{ClusterAuthority.DigestOf(authority)}, the token's is {token.Authority}");
            }

            using var known = Client(Trusting(new ClientTls(() => null, () => [authority])));
            return await PostAsync(
                known, master, AuthorityEndpoints.Join, new JoinCall(request, role.Word(), token.Reveal()), cancellation);
        });
    }

    /// <inheritdoc/>
    public Task<JoinAnswer> RenewAsync(string request, CancellationToken cancellation) =>
        AskEachAsync(_identity.Cluster.Masters, async master =>
    {
        using var http = Own();
        return await PostAsync(http, master, AuthorityEndpoints.Renew, new JoinCall(request, _role.Word()), cancellation);
    });

    /// <inheritdoc/>
    public Task<Trust> TrustAsync(CancellationToken cancellation) => AskEachAsync(_identity.Cluster.Masters, async master =>
    {
        using var http = Own();
        using var answer = await http.GetAsync(At(master, AuthorityEndpoints.Trust), cancellation);
        return Parse(await AnswerAsync(answer, master, cancellation), JoiningJson.Default.Trust, master);
    });

    private HttpClient Own()
    {
        using var authority = X509CertificateLoader.LoadCertificateFromFile(_identity.Authority);
        var trusted = X509CertificateLoader.LoadCertificate(authority.RawData);
        return Client(Trusting(new ClientTls(_identity.Read, () => [trusted])));
    }

    private static async Task<T> AskEachAsync<T>(IReadOnlyList<Uri> masters, Func<Uri, Task<T>> ask)
    {
        JoinException? last = null;
        foreach (var master in masters)
        {
            try
            {
                return await ask(master);
            }
            catch (HttpRequestException e)
            {
                last = new JoinException(
                    $"{Name(master)} does not answer as a master of this cluster: {e.InnerException?.Message ?? e.Message}", e)
                {
                    IsAway = e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError,
                };
            }
            catch (Exception e) when (
                e is TaskCanceledException { InnerException: TimeoutException } or FormatException or IOException)
            {
                last = new JoinException(
                    $"{Name(master)} does not answer: {e.Message}", e)
                { IsAway = e is TaskCanceledException };
            }
            catch (NoAuthorityException e)
            {
                // Another one may have it; what it says is worth more than that this one does not.
                last ??= new JoinException(e.Message, e);
            }
        }

        throw last ?? new JoinException("no master is known that could be asked: join anew, with a token");
    }

    private static async Task<JoinAnswer> PostAsync(
        HttpClient http, Uri master, string path, JoinCall call, CancellationToken cancellation)
    {
        using var body = JsonContent.Create(call, JoiningJson.Default.JoinCall);

        // The brake of wrong tokens, and bounds, go by the length.
        await body.LoadIntoBufferAsync(cancellation);
        using var answer = await http.PostAsync(At(master, path), body, cancellation);
        return Parse(await AnswerAsync(answer, master, cancellation), JoiningJson.Default.JoinAnswer, master);
    }

    private static async Task<string> AnswerAsync(HttpResponseMessage answer, Uri master, CancellationToken cancellation)
    {
        var text = await answer.Content.ReadAsStringAsync(cancellation);
        if (answer.IsSuccessStatusCode) return text;
        var line = text.Length is 0 or > 1000 || text.Contains('<') ? $"it answered {(int)answer.StatusCode}" : text.Trim();
        throw answer.StatusCode == HttpStatusCode.NotFound
            ? new NoAuthorityException($"{Name(master)} has no authority: join at the master that has it (--ca-dir)")
            : new JoinException($"{Name(master)}: {line}");
    }

    private static T Parse<T>(string text, JsonTypeInfo<T> type, Uri master)
    {
        try
        {
            if (JsonSerializer.Deserialize(text, type) is { } answer) return answer;
        }
        catch (JsonException)
        {
            // As what is empty.
        }

        throw new JoinException($"{Name(master)} answers as no authority does");
    }

    private static X509Certificate2 Authority(string pem, Uri master)
    {
        try
        {
            return X509Certificate2.CreateFromPem(pem);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new JoinException($"{Name(master)} answers as no authority does", e);
        }
    }

    private static HttpClient Client(SocketsHttpHandler handler) =>
        new(handler) { Timeout = Patience, MaxResponseContentBufferSize = LongestAnswer };

    private static SocketsHttpHandler Trusting(ClientTls tls)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false };
        tls.ApplyTo(handler.SslOptions);
        return handler;
    }

    [SuppressMessage("Security", "CA5359",
        Justification = "What is answered is compared with the token's digest; nothing is told.")]
    private static SocketsHttpHandler Unverified() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
    };

    private static Uri At(Uri master, string path) => new(master.GetLeftPart(UriPartial.Authority) + path);

    private static string Name(Uri master) => master.Authority;

    private sealed class NoAuthorityException(string message) : Exception(message);
}
