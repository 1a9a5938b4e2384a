using System.Net;
using LifecycleManager.Scheduler.Leadership;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace LifecycleManager.Scheduler.Api;

/// <summary>A scheduler that does not lead passes requests on to the one that does, as Marathon does.</summary>
internal sealed class LeaderProxy : IDisposable
{
    // Those of the connection, which end here; so does what a browser says of its page, which was held against this scheduler's
    // name, and what only a scheduler may say of a client.
    private static readonly HashSet<string> OfTheConnection = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "Host", "Origin", "Sec-Fetch-Site", CallerHop.Caller, CallerHop.Proof,
        CallerHop.Address, CallerHop.AddressProof,
    };

    /// <summary>How long a connection to the leader may take.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private readonly CallerHop _hop;
    private readonly HttpMessageInvoker _client;

    /// <param name="options">The scheduler's, whose certificate is shown to a leader that asks for one.</param>
    /// <param name="hop">Says to the leader who the client is.</param>
    public LeaderProxy(SchedulerOptions options, CallerHop hop)
    {
        _hop = hop;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = ConnectTimeout,
            UseCookies = false,
            UseProxy = false,
        };
        options.Tls?.ApplyTo(handler.SslOptions);
        _client = new HttpMessageInvoker(handler);
    }

    /// <summary>Says who leads.</summary>
    public static void Mark(ApiRequest request)
    {
        if (request.Whole.Leader is { } leader && (leader.IsLeading ? Own(request) : leader.Address) is { } address)
            request.Context.Response.Headers["X-Marathon-Leader"] = address;
    }

    /// <summary>This scheduler's own address.</summary>
    public static string Own(ApiRequest request) => request.Services.Options.Address.GetLeftPart(UriPartial.Authority);

    /// <summary>Passes the request on.</summary>
    /// <exception cref="NotLeaderException">Nobody leads.</exception>
    public async Task PassOnAsync(ApiRequest request)
    {
        var (context, leader) = (request.Context, request.Whole.Leader.Address);
        if (leader is null || leader == Own(request)) throw new NotLeaderException(null, request.Scheduler.Failure);
        if (_hop.IsPassedOn(context))
            throw new ApiException(502, "Detected proxying loop: the leader is changing; ask again");

        // The client decides how long it waits; a body is passed on as it comes.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = (long)request.Services.Options.MaxRequestBody * ApiServices.ManyFactor;
        using var message = new HttpRequestMessage(
            new HttpMethod(context.Request.Method), leader + context.Request.Path.ToUriComponent()
            + context.Request.QueryString.ToUriComponent());
        if (HasBody(context.Request)) message.Content = new StreamContent(context.Request.Body);

        // For whom somebody speaks is proved to this scheduler alone.
        var isSpokenFor = OnBehalf.IsSaid(context.Request);
        foreach (var (name, values) in context.Request.Headers)
        {
            if (OfTheConnection.Contains(name) || (isSpokenFor && name == "Authorization")) continue;
            if (!message.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
                message.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
        }

        message.Headers.TryAddWithoutValidation(CallerHop.Via, Own(request));

        // Who has said who he is by a secret, says it to the leader, too.
        if ((isSpokenFor || context.Request.Headers.Authorization.Count == 0)
            && AccessControl.PrincipalOf(context) is { } principal)
            await _hop.SignAsync(message, leader, principal.Name, request.Cancellation);
        if (!EndpointAccess.IsReading(context.Request.Method) && context.Connection.RemoteIpAddress is { } address)
            await _hop.SignAsync(message, leader, address, request.Cancellation);
        HttpResponseMessage answer;
        try
        {
            answer = await _client.SendAsync(message, request.Cancellation);
        }
        catch (HttpRequestException e)
        {
            throw new ApiException(502, $"the leading scheduler at {leader} does not answer: {ReasonOf(e)}");
        }

        using (answer) await CopyAsync(answer, context);
    }

    public void Dispose() => _client.Dispose();

    private static string ReasonOf(HttpRequestException failure) => failure.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => "its name is not known",
        HttpRequestError.SecureConnectionError => "its certificate is not accepted",
        HttpRequestError.ConnectionError => "it takes no connection",
        _ => "the connection broke off",
    };

    private static bool HasBody(HttpRequest request) => request.ContentLength > 0 || request.Headers.TransferEncoding.Count > 0;

    private static async Task CopyAsync(HttpResponseMessage answer, HttpContext context)
    {
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
            if (!OfTheConnection.Contains(name)) context.Response.Headers[name] = new StringValues([.. values]);
        await using var body = await answer.Content.ReadAsStreamAsync(context.RequestAborted);
        var buffer = new byte[16 * 1024];
        while (await body.ReadAsync(buffer, context.RequestAborted) is > 0 and var read)
        {
            // Passed on at once, for events come one by one.
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }
}
