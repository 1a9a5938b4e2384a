using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Clients.Agents;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Cli.Commands.Operating.Calls;

/// <summary>
/// A role that is asked. Every method throws <see cref="CliException"/> with the one line and the exit code of what went wrong.
/// </summary>
internal sealed class Endpoint : IAgentCalls, IDisposable
{
    private const string DeploymentHeader = "Marathon-Deployment-Id";
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);
    private readonly HttpClient _http;
    private readonly Uri _base;
    private readonly TimeSpan _limit;
    private readonly CallRefusals _refusals;

    /// <param name="role">Who is asked, for messages.</param>
    /// <param name="option">The option that says where, for messages.</param>
    /// <param name="addresses">Of those that are one service: the first that answers is asked, and who leads.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="limit">How long an answer may take.</param>
    public Endpoint(string role, string option, IReadOnlyList<Uri> addresses, Caller caller, TimeSpan limit)
    {
        _base = addresses[0];
        _limit = limit;
        _refusals = new CallRefusals(role, option, caller.Credential, limit);
        var handler = caller.Connections();
        handler.ConnectTimeout = ConnectLimit;
        _http = new HttpClient(new AddressListHandler(new AddressList(addresses))
        {
            InnerHandler = new LeaderRedirectHandler { InnerHandler = caller.Saying(handler) },
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = ManagerHttp.LongestAnswer,
        };
    }

    /// <summary>Where it is, for people.</summary>
    public string Address => _base.GetLeftPart(UriPartial.Authority);

    /// <summary>How long an answer may take.</summary>
    public TimeSpan Limit => _limit;

    /// <summary>Reads an answer.</summary>
    public async Task<JsonNode> GetAsync(string path, CancellationToken stop) =>
        await ReadAsync(path, orNull: false, stop) ?? throw _refusals.Strange(_base, null);

    /// <summary>Reads an answer of a known shape.</summary>
    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken stop) =>
        As(await GetAsync(path, stop), type);

    /// <summary>Reads an answer as a known shape.</summary>
    public T As<T>(JsonNode answer, JsonTypeInfo<T> type)
    {
        try
        {
            return answer.Deserialize(type) ?? throw _refusals.Strange(_base, null);
        }
        catch (JsonException e)
        {
            throw _refusals.Strange(_base, e);
        }
    }

    /// <summary>Reads an answer; null where there is no such thing (404).</summary>
    public Task<JsonNode?> FindAsync(string path, CancellationToken stop) => ReadAsync(path, orNull: true, stop);

    /// <summary>Reads an answer whatever its status, as of health, which is 503 with its reasons.</summary>
    public async Task<(HttpStatusCode Status, JsonNode? Answer)> ProbeAsync(string path, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, At(path));
        var (status, text) = await TextAsync(request, stop);
        try
        {
            return (status, JsonNode.Parse(text));
        }
        catch (JsonException)
        {
            return (status, null);
        }
    }

    /// <summary>By how much the clock there is ahead of the one here; null where it does not tell. To a second or so.</summary>
    public async Task<TimeSpan?> ClockAsync(TimeProvider time, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, At("/ping"));
        var before = time.GetUtcNow();
        var (_, _, headers) = await AnswerAsync(request, stop);
        return headers.Date is { } there ? there - (before + (time.GetUtcNow() - before) / 2) : null;
    }

    /// <summary>Changes something; null where the answer is empty.</summary>
    public async Task<JsonNode?> SendAsync(HttpMethod method, string path, JsonNode? body, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(method, At(path));
        if (body is not null) request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        var (status, text, headers) = await AnswerAsync(request, stop);
        if ((int)status is < 200 or > 299) throw _refusals.Of(request.RequestUri!, status, text);
        var answer = text.Length == 0 ? null : Parse(text);

        // Of pods the deployment is told in a header alone.
        if (headers.TryGetValues(DeploymentHeader, out var ids) && (answer ??= new JsonObject()) is JsonObject json)
            json["deploymentId"] ??= ids.First();
        return answer;
    }

    /// <summary>
    /// Opens an answer that is read as it comes, and may have no end. What is thrown while it is read is the reader's to tell:
    /// <see cref="Lost"/>.
    /// </summary>
    public async Task<HttpResponseMessage> OpenAsync(string path, CancellationToken stop, string accept = "*/*")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, At(path));
        request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(accept));
        return await OpenAsync(request, _limit, stop);
    }

    /// <summary>The same of a call that sends something: bytes, or a stream where the role has one address.</summary>
    /// <param name="path">The path.</param>
    /// <param name="content">What is sent.</param>
    /// <param name="headers">Headers beside.</param>
    /// <param name="limit">How long the answer may take to begin.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<HttpResponseMessage> OpenAsync(
        string path, HttpContent content, IEnumerable<(string Name, string Value)> headers, TimeSpan limit,
        CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, At(path)) { Content = content };
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        return await OpenAsync(request, limit, stop);
    }

    private async Task<HttpResponseMessage> OpenAsync(HttpRequestMessage request, TimeSpan within, CancellationToken stop)
    {
        using var limit = new TimeLimit(TimeProvider.System, within, stop);
        HttpResponseMessage answer;
        try
        {
            answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        }
        catch (Exception e) when (!stop.IsCancellationRequested && Lost(e, request.RequestUri) is not null)
        {
            throw Lost(e, request.RequestUri)!;
        }

        if (answer.IsSuccessStatusCode) return answer;
        using (answer)
        {
            var body = "";
            try
            {
                body = await answer.Content.ReadAsStringAsync(limit.Token);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException
                && !stop.IsCancellationRequested)
            {
                // The status says enough.
            }

            throw _refusals.Of(request.RequestUri!, answer.StatusCode, body);
        }
    }

    /// <summary>What it means that a call, or an answer that is being read, broke off; null for what is no such thing.</summary>
    public CliException? Lost(Exception problem, Uri? at = null) => _refusals.Of(at ?? _base, problem, isChange: false);

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    private async Task<JsonNode?> ReadAsync(string path, bool orNull, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, At(path));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        var (status, text) = await TextAsync(request, stop);
        if (status == HttpStatusCode.NotFound && orNull) return null;
        if ((int)status is < 200 or > 299) throw _refusals.Of(request.RequestUri!, status, text);
        return Parse(text);
    }

    private async Task<(HttpStatusCode Status, string Text)> TextAsync(HttpRequestMessage request, CancellationToken stop)
    {
        var (status, text, _) = await AnswerAsync(request, stop);
        return (status, text);
    }

    private async Task<(HttpStatusCode Status, string Text, HttpResponseHeaders Headers)> AnswerAsync(
        HttpRequestMessage request, CancellationToken stop)
    {
        using var limit = new TimeLimit(TimeProvider.System, _limit, stop);
        try
        {
            using var answer = await _http.SendAsync(request, limit.Token);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync(limit.Token), answer.Headers);
        }
        catch (Exception e) when (!stop.IsCancellationRequested
            && _refusals.Of(request.RequestUri!, e, request.Method != HttpMethod.Get) is { } told)
        {
            throw told;
        }
    }

    private JsonNode? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException e)
        {
            throw _refusals.Strange(_base, e);
        }
    }

    private Uri At(string path) => new(_base.ToString().TrimEnd('/') + path);
}
