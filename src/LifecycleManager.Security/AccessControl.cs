using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Runtime.Health;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace LifecycleManager.Security;

/// <summary>
/// Authenticates and authorizes calls of a role's endpoints: 401 for a caller that is unknown, 403 for one that is not permitted.
/// Answers are plain text, as Mesos'. Wrong secrets are answered the later the more come from one address; a right one is never
/// delayed.
/// </summary>
public sealed class AccessControl
{
    private static readonly object Key = new();
    private static readonly object Asked = new();
    private static readonly object Owner = new();
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);

    private readonly Principals _principals;
    private readonly string _realm;
    private readonly TimeProvider _time;
    private readonly RefusalLog _refusals;
    private readonly WrongSecrets _wrong;
    private readonly Counter _refused;
    private readonly IPassedOnCalls? _passedOn;
    private readonly OnBehalf? _own;
    private readonly OpenCalls _open;

    /// <param name="principals">Who may call.</param>
    /// <param name="realm">The realm that a caller is asked for credentials of.</param>
    /// <param name="registry">Gets <c>lcm_calls_refused_total</c>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="passedOn">Knows calls that others have passed on; null where nobody does.</param>
    /// <param name="own">The calls that this process makes to itself for others; null where it makes none.</param>
    public AccessControl(
        Principals principals, string realm, CollectorRegistry registry, TimeProvider time, IPassedOnCalls? passedOn = null,
        OnBehalf? own = null)
    {
        (_principals, _realm, _time, _passedOn, _own) = (principals, realm, time, passedOn, own);
        (_refusals, _wrong) = (new RefusalLog(time), new WrongSecrets(time));
        _open = new OpenCalls(principals, time, (context, problem) =>
            Report(context, Cause.Withdrawn, $"its open call of {context.Request.Path} has ended: {problem}"));
        _refused = Metrics.WithCustomRegistry(registry).CreateCounter("lcm_calls_refused_total",
            "Calls that were refused, since the secret was wrong or has ended, there was none, the name of the certificate is "
            + "not known, or the caller is not permitted; and open ones that were ended, since that has come to be so.", "cause");
        foreach (var cause in (string[])
            [Cause.Secret, Cause.None, Cause.Certificate, Cause.Permission, Cause.Ended, Cause.Withdrawn])
            _refused.WithLabels(cause).Publish();
    }

    /// <summary>Who calls; null where nobody is asked.</summary>
    public static Principal? PrincipalOf(HttpContext context) => context.Items.TryGetValue(Key, out var principal)
        ? (Principal?)principal : null;

    /// <summary>Whether the caller of an admitted call may also do something; everybody may where nobody is asked.</summary>
    public static bool May(HttpContext context, Permission permission) =>
        PrincipalOf(context) is not { } principal || principal.May(permission);

    /// <summary>What the caller of an admitted call may do with which apps; everything where nobody is asked.</summary>
    public static AppScope ScopeOf(HttpContext context)
    {
        context.Items[Asked] = true;
        return PrincipalOf(context)?.Scope ?? AppScope.All;
    }

    /// <summary>Warns in a role's health of secrets that have ended, or end within a week.</summary>
    public void WarnIn(RoleHealth health) => health.Warn(() => string.Join("; ", _principals.Endings(_time.GetUtcNow(), Week)) is
    {
        Length: > 0
    } endings ? endings : null);

    /// <summary>Whether the call may go on; if not, it is answered.</summary>
    public ValueTask<bool> AdmitAsync(HttpContext context, Permission permission) =>
        AdmitAsync(context, permission, byApp: false);

    /// <summary>Whether the call may go on; if not, it is answered.</summary>
    /// <param name="context">The call.</param>
    /// <param name="permission">What it needs.</param>
    /// <param name="byApp">
    /// Whether a caller without it goes on who has permissions on some apps, since the endpoint asks <see cref="ScopeOf"/>.
    /// </param>
    public async ValueTask<bool> AdmitAsync(HttpContext context, Permission permission, bool byApp)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (_passedOn?.IsPassedOn(context) == true && !EndpointAccess.IsReading(context.Request.Method))
            AuditTrail.PassedOn(context, await _passedOn.ClientAddressAsync(context));
        if (!_principals.AreRequired) return true;
        var (principal, again, cause, reason) = await IdentifyAsync(context);
        if (principal is null)
        {
            Report(context, cause, reason);
            if (cause == Cause.Secret) await SlowDownAsync(context);
            if (cause == Cause.Permission)
            {
                await AnswerAsync(context, StatusCodes.Status403Forbidden, reason);
                return false;
            }

            context.Response.Headers.WWWAuthenticate = $"Basic realm=\"{_realm}\", charset=\"UTF-8\"";
            await AnswerAsync(context, StatusCodes.Status401Unauthorized,
                "Unauthorized: the call needs a known principal and its secret, or its certificate");
            return false;
        }

        (context.Items[Key], context.Items[Owner]) = (principal, this);
        var mayAll = principal.May(permission);
        if (mayAll || (byApp && principal.Scope.HasGrants))
        {
            if (!mayAll) context.Response.OnStarting(RefuseUnasked, context);
            _open.Add(context, principal, again);
            return true;
        }

        var refusal = Refusal(context, permission);
        Report(context, Cause.Permission, refusal);
        await AnswerAsync(context, StatusCodes.Status403Forbidden, refusal);
        return false;
    }

    /// <summary>
    /// Whether the caller may see all, for an answer that everybody gets some of; nothing is refused. Wrong secrets are
    /// counted and slowed down all the same.
    /// </summary>
    public async ValueTask<bool> MaySeeAllAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (!_principals.AreRequired) return true;
        var (principal, _, cause, reason) = await IdentifyAsync(context);
        if (cause == Cause.Secret)
        {
            Report(context, cause, reason);
            await SlowDownAsync(context);
        }

        return principal?.May(Permission.View) == true;
    }

    /// <summary>That a secret has ended.</summary>
    internal static string Ended(string name, DateTimeOffset until) =>
        $"the secret of '{name}' ended at {until.UtcDateTime:yyyy-MM-ddTHH:mm:ss}Z";

    private async ValueTask<Caller> IdentifyAsync(HttpContext context)
    {
        var certificate = await context.Connection.GetClientCertificateAsync(context.RequestAborted);
        var name = _passedOn?.IsPassedOn(context) == true ? await _passedOn.CertificateNameAsync(context)
            : certificate?.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        string? authorization = context.Request.Headers.Authorization;
        var caller = OnBehalf.IsSaid(context.Request) ? SpokenFor(OnBehalf.Read(context.Request, name, _own))
            : _principals.Authenticate(authorization, name) is { } principal
                ? new Caller(principal, (known, _) => known.Authenticate(authorization, name), "", "")
            : authorization is not null || name is null
                ? Unknown(authorization is not null ? Cause.Secret : Cause.None,
                    "its credentials are not those of a known principal")
            : Unknown(Cause.Certificate, $"the name of its certificate, '{name}', is not a known principal");
        return caller.Principal is { Until: { } until } ended && until <= _time.GetUtcNow()
            ? Unknown(Cause.Ended, Ended(ended.Name, until)) : caller;
    }

    /// <summary>For whom a call is that another makes.</summary>
    private Caller SpokenFor(OnBehalf.Claim? claim)
    {
        var now = _time.GetUtcNow();
        if (claim is null) return Unknown(Cause.Secret, "it is made for somebody, and does not prove who says so");
        if (claim.Caller(_principals.Current, now) is { } caller) return new Caller(caller, claim.Caller, "", "");
        if (!claim.IsOwn)
        {
            if (claim.Speaker(_principals.Current, now) is not { } speaker)
                return Unknown(Cause.Secret, "it is made for somebody, by nobody who is known");
            if (!speaker.May(Permission.Impersonate))
                return Unknown(Cause.Permission, Lacks(speaker.Name, Permission.Impersonate));
        }

        return Unknown(
            Cause.Certificate, $"the name of the certificate that it is made for, '{claim.Name}', is not a known principal");
    }

    private static Caller Unknown(string cause, string reason) => new(null, (_, _) => null, cause, reason);

    // Who goes away meanwhile has been counted all the same.
    private async Task SlowDownAsync(HttpContext context) =>
        await Task.Delay(_wrong.Count(context.Connection.RemoteIpAddress), _time, context.RequestAborted)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>
    /// An endpoint that says that it asks by app, and has answered without, has a defect: its answer stays here.
    /// </summary>
    private static Task RefuseUnasked(object state)
    {
        var context = (HttpContext)state;
        return context.Response.StatusCode >= StatusCodes.Status300MultipleChoices || context.Items.ContainsKey(Asked)
            ? Task.CompletedTask
            : throw new InvalidOperationException($"{context.Request.Path} has not asked what its caller may do with which apps");
    }

    /// <summary>Why the caller may not do something.</summary>
    public static string Refusal(HttpContext context, Permission permission) => Lacks(PrincipalOf(context)?.Name, permission);

    private static string Lacks(string? principal, Permission permission) =>
        $"Forbidden: principal '{principal}' lacks the permission '{permission.ToString().ToLowerInvariant()}'";

    /// <summary>Why the caller may not do something with the cluster, which is counted and logged.</summary>
    public static string Refused(HttpContext context, Permission permission) => Told(context, Refusal(context, permission));

    /// <summary>Why the caller may not do something with some apps, which is counted and logged.</summary>
    /// <param name="context">The call.</param>
    /// <param name="needed">What would be needed.</param>
    /// <param name="apps">The ids that he has named, or may see.</param>
    /// <param name="unseen">How many others there are, which are not named to him.</param>
    public static string Refused(HttpContext context, GroupPermission needed, IReadOnlyList<string> apps, int unseen = 0)
    {
        const int Most = 20;
        var rest = unseen + Math.Max(0, apps.Count - Most);
        var on = string.Join(", ", apps.Take(Most)) + (rest == 0 ? "" : $"{(apps.Count > 0 ? " and " : "")}{rest} more");
        return Told(context, $"Forbidden: principal '{PrincipalOf(context)?.Name}' lacks the permission "
            + $"'{needed.ToString().ToLowerInvariant()}' on {on}");
    }

    private static string Told(HttpContext context, string refusal)
    {
        if (context.Items[Owner] is AccessControl access) access.Report(context, Cause.Permission, refusal);
        return refusal;
    }

    private void Report(HttpContext context, string cause, string detail)
    {
        _refused.WithLabels(cause).Inc();
        if (context.RequestServices?.GetService<ILoggerFactory>() is { } loggers)
            _refusals.Refused(loggers.CreateLogger<AccessControl>(), AuditTrail.AddressOf(context) ?? "a peer", detail);
    }

    private static Task AnswerAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text + "\n");
    }

    private static class Cause
    {
        public const string Secret = "wrong_secret";
        public const string None = "no_credentials";
        public const string Certificate = "unknown_certificate";
        public const string Permission = "not_permitted";
        public const string Ended = "ended_secret";
        public const string Withdrawn = "withdrawn";
    }

    private readonly record struct Caller(
        Principal? Principal, Func<Principals, DateTimeOffset, Principal?> Again, string Cause, string Reason);
}
