using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Security.Joining;

/// <summary>
/// The authority of a cluster as its master serves it: its certificate to anybody, a certificate for a token, and to whoever
/// shows a certificate of the authority a new one, and what is revoked. Answers are one line of plain text where something is
/// refused.
/// </summary>
public sealed partial class AuthorityEndpoints
{
    internal const string Authority = "/lcm/v1/authority";
    internal const string Join = "/lcm/v1/join";
    internal const string Renew = "/lcm/v1/renew";
    internal const string Trust = "/lcm/v1/trust";

    private readonly ClusterAuthority _authority;
    private readonly ITokenUses _uses;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly WrongSecrets _wrong;

    /// <param name="authority">The authority.</param>
    /// <param name="uses">Which tokens are used up.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told of each certificate, and of who gets none.</param>
    public AuthorityEndpoints(ClusterAuthority authority, ITokenUses uses, TimeProvider time, ILogger<AuthorityEndpoints> log)
    {
        (_authority, _uses, _time, _log) = (authority, uses, time, log);
        _wrong = new WrongSecrets(time);
    }

    /// <summary>Maps them.</summary>
    public void Map(WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.MapGet(Authority,
            context => AnswerAsync(context, StatusCodes.Status200OK, _authority.Certificate.ExportCertificatePem()));
        app.MapPost(Join, JoinAsync);
        app.MapPost(Renew, RenewAsync);
        app.MapGet(Trust, TrustAsync);
    }

    /// <summary>Maps what tells that there is no authority here.</summary>
    public static void MapNone(WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.Map("/lcm/v1/{**any}", context => AnswerAsync(context, StatusCodes.Status404NotFound,
            "this master has no authority: the one with --ca-dir has it"));
    }

    private async Task JoinAsync(HttpContext context)
    {
        if (await ReadAsync(context) is not { } call) return;
        string? problem;
        try
        {
            var role = JoinRoles.ParseServer(call.Role ?? "");
            var token = JoinToken.Parse(call.Token ?? "");
            if (_authority.WhyNot(token, role) is { } why) throw new FormatException(why);
            var request = SigningRequest.Parse(call.Request ?? "");
            _authority.Check(request, role, AddressOf(context.Connection), isKnown: false);
            var use = new TokenUse(_authority.Subject(request, role), request.KeyDigest, _time.GetUtcNow(), token.Until);

            // What is wrong with the request leaves the token as it is, and what is right uses it up before anything is given.
            var before = await _uses.UseAsync(token.Id, use, context.RequestAborted);
            if (before is null || before.KeyDigest == use.KeyDigest)
            {
                await IssueAsync(context, call.Request!, role, isKnown: false);
                return;
            }

            problem = $"the token is used up, by '{before.Subject}' at {before.At:u}: "
                + $"'lcm token create --role {role.Word()}' makes another";
        }
        catch (FormatException e)
        {
            problem = e.Message;
        }
        catch (IOException e)
        {
            await AnswerAsync(context, StatusCodes.Status503ServiceUnavailable,
                $"whether the token is used cannot be told: {e.Message}");
            return;
        }

        LogRefused(_log, $"{context.Connection.RemoteIpAddress}", problem);
        await Task.Delay(_wrong.Count(context.Connection.RemoteIpAddress), _time, context.RequestAborted)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await AnswerAsync(context, StatusCodes.Status403Forbidden, problem);
    }

    private async Task RenewAsync(HttpContext context)
    {
        if (await MemberAsync(context) is not { } member || await ReadAsync(context) is not { } call) return;
        try
        {
            var role = JoinRoles.Parse(member.Role);
            var subject = _authority.Subject(SigningRequest.Parse(call.Request ?? ""), role);
            if (subject != member.Subject)
                throw new FormatException($"'{member.Subject}' cannot be renewed as '{subject}': join anew, with a token");
            await IssueAsync(context, call.Request!, role, isKnown: true);
        }
        catch (FormatException e)
        {
            LogRefused(_log, $"{context.Connection.RemoteIpAddress}", e.Message);
            await AnswerAsync(context, StatusCodes.Status403Forbidden, e.Message);
        }
    }

    private async Task TrustAsync(HttpContext context)
    {
        if (await MemberAsync(context) is null) return;
        try
        {
            await JsonAsync(context, JsonSerializer.SerializeToUtf8Bytes(_authority.Trust(), JoiningJson.Default.Trust));
        }
        catch (IOException e)
        {
            await AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, $"the authority cannot be read: {e.Message}");
        }
    }

    private async Task IssueAsync(HttpContext context, string request, JoinRole role, bool isKnown)
    {
        try
        {
            var answer = _authority.Issue(request, role, AddressOf(context.Connection), isKnown);
            var subject = _authority.Subject(SigningRequest.Parse(request), role);
            LogIssued(_log, subject, $"{context.Connection.RemoteIpAddress}");
            await JsonAsync(context, JsonSerializer.SerializeToUtf8Bytes(answer, JoiningJson.Default.JoinAnswer));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, $"the authority cannot write: {e.Message}");
        }
    }

    /// <summary>Whose certificate of the authority was shown; null for nobody, who is answered.</summary>
    private async Task<IssuedCertificate?> MemberAsync(HttpContext context)
    {
        var shown = await context.Connection.GetClientCertificateAsync(context.RequestAborted);
        if (shown is not null && _authority.Find(shown) is { } member) return member;
        await AnswerAsync(context, StatusCodes.Status401Unauthorized,
            "a certificate of this cluster's authority is needed that is neither over nor revoked: join anew, with a token");
        return null;
    }

    /// <summary>A call's body; null where it is none, which is answered.</summary>
    private static async Task<JoinCall?> ReadAsync(HttpContext context)
    {
        var limit = context.Features.Get<IHttpMaxRequestBodySizeFeature>();
        if (limit is { IsReadOnly: false }) limit.MaxRequestBodySize = SigningRequest.MaxBytes;
        try
        {
            if (await JsonSerializer.DeserializeAsync(context.Request.Body, JoiningJson.Default.JoinCall, context.RequestAborted)
                is { } call) return call;
            await AnswerAsync(context, StatusCodes.Status400BadRequest, "the body is empty");
        }
        catch (JsonException)
        {
            await AnswerAsync(context, StatusCodes.Status400BadRequest, "the body is no JSON of a call to join");
        }
        catch (BadHttpRequestException e)
        {
            await AnswerAsync(context, e.StatusCode, e.Message);
        }

        return null;
    }

    /// <summary>Whence a call comes; null for this machine.</summary>
    private static string? AddressOf(ConnectionInfo connection) =>
        connection.RemoteIpAddress is not { } remote || IPAddress.IsLoopback(remote) || remote.Equals(connection.LocalIpAddress)
            ? null : (remote.IsIPv4MappedToIPv6 ? remote.MapToIPv4() : remote).ToString();

    private static Task JsonAsync(HttpContext context, byte[] json)
    {
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.Body.WriteAsync(json, context.RequestAborted).AsTask();
    }

    private static Task AnswerAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text + "\n", context.RequestAborted);
    }

    [LoggerMessage(LogLevel.Information, "A certificate is made for '{Subject}', who asked from {Address}")]
    private static partial void LogIssued(ILogger log, string subject, string address);

    [LoggerMessage(LogLevel.Warning, "{Address} gets no certificate: {Reason}")]
    private static partial void LogRefused(ILogger log, string address, string reason);
}
