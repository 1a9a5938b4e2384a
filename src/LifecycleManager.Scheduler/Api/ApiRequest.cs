using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Json;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Scheduler.Api;

/// <summary>One request, with what every handler needs.</summary>
internal sealed class ApiRequest(HttpContext context, ApiServices services)
{
    private static readonly Dictionary<string, string> NoParameters = [];

    // Taken once, so that an answer is of one moment.
    private SchedulerSnapshot? _whole;
    private SchedulerSnapshot? _snapshot;

    public HttpContext Context { get; } = context;

    public ApiServices Services { get; } = services;

    public SchedulerService Scheduler => Services.Scheduler;

    public DefinitionRules Rules => Services.Rules;

    /// <summary>What the caller may do with which apps.</summary>
    public AppScope Scope { get; } = AccessControl.ScopeOf(context);

    /// <summary>The ids of what the request changes, where its path does not say; for the audit.</summary>
    public IReadOnlyCollection<string> Changed { get; private set; } = [];

    /// <summary>Says what the request changes.</summary>
    public void Changes(params IReadOnlyCollection<string> ids) => Changed = ids;

    /// <summary>What the caller may see of <see cref="Whole"/>.</summary>
    public SchedulerSnapshot Snapshot => _snapshot ??= SeenSnapshot.Of(Whole, Scope);

    /// <summary>Everything: for what a change is judged by, and for who leads; never to be shown.</summary>
    public SchedulerSnapshot Whole => _whole ??= Scheduler.Snapshot;

    public CancellationToken Cancellation => Context.RequestAborted;

    public string Method => Context.Request.Method;

    /// <summary>The values of the parameters of the operation's path.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; set; } = NoParameters;

    /// <summary>The app or group that the path names; the root where it names none.</summary>
    public AppId Id => AppId.Resolve(
        "/" + (IsWildcard ? Parameters["id"][..^1] : Parameters.GetValueOrDefault("id", "")).Trim('/'), AppId.Root);

    /// <summary>The path's id ends with <c>*</c>: all apps of the group and below.</summary>
    public bool IsWildcard => Parameters.GetValueOrDefault("id") is { } id
        && (id == "*" || id.EndsWith("/*", StringComparison.Ordinal));

    /// <summary>The one app that the path names.</summary>
    /// <exception cref="ApiException">It names all apps of a group, which can be shown only: 405.</exception>
    public AppId SingleId => IsWildcard ? throw NotAllowed("GET") : Id;

    public bool Force => Flag("force");

    /// <summary>How a change is made.</summary>
    /// <param name="reason">Why, where the request does not say.</param>
    /// <param name="app">The one app that is changed, of which the request may demand that it is as it was; or null.</param>
    /// <param name="forced">Whether it is forced where the request does not say.</param>
    /// <exception cref="ApiException">A header is not what it should be, or of no use here: 400.</exception>
    public ChangeOptions Change(string reason, AppId? app = null, bool forced = false) =>
        new(Flag("force", absent: forced), Text("reason") ?? reason)
        {
            Condition = Condition(app),
            CountOwner = Context.Request.Headers[IMarathonApi.CountOwnerHeader] is [.., { Length: > 0 and <= 256 } owner]
            ? owner : Text("owner"),
        };

    /// <summary>The last value of a query parameter; null when absent or empty.</summary>
    public string? Text(string name) =>
        Context.Request.Query.TryGetValue(name, out var values) && values is [.., { Length: > 0 } value] ? value : null;

    /// <summary>All values of a query parameter, also as PHP writes it, <c>name[]</c>.</summary>
    public IReadOnlyList<string> Texts(string name) =>
    [
        .. Context.Request.Query[name].Concat(Context.Request.Query[name + "[]"])
            .Where(value => !string.IsNullOrEmpty(value)).Select(value => value!),
    ];

    /// <summary>A query parameter that is true or false; <c>?force</c> alone is true.</summary>
    public bool Flag(string name, bool absent = false)
    {
        if (!Context.Request.Query.TryGetValue(name, out var values)) return absent;
        return values.ToString().ToLowerInvariant() switch
        {
            "true" or "" => true,
            "false" => false,
            _ => throw ApiException.BadRequest($"the query parameter '{name}' must be true or false, not '{values}'"),
        };
    }

    /// <summary>Whether the client would rather have plain text than JSON.</summary>
    public bool WantsText => Accepted.PrefersText;

    /// <summary>Whether the client names JSON, where an answer is plain text to everybody else.</summary>
    public bool AsksForJson => Accepted.AsksForJson;

    /// <summary>The forms of answers that the client takes.</summary>
    public AcceptedMedia Accepted => new(Context.Request.Headers.Accept.ToString());

    /// <summary>An instant that stands in the path or the body as a version.</summary>
    /// <exception cref="ApiException">It is none.</exception>
    public static DateTimeOffset Version(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var version)
            ? version
            : throw new ApiException(400, $"'{text}' is not a version, which is an instant such as 2026-11-24T18:00:00.000Z");

    /// <summary>The whole body.</summary>
    /// <param name="many">Whether it may hold many definitions.</param>
    /// <exception cref="ApiException">It is larger than bodies may be.</exception>
    public async Task<ReadOnlyMemory<byte>> BodyAsync(bool many = false)
    {
        var most = many ? (long)Services.Options.MaxRequestBody * ApiServices.ManyFactor : Services.Options.MaxRequestBody;
        if (Context.Request.ContentLength > most) throw TooLarge(most);
        var reader = Context.Request.BodyReader;
        while (true)
        {
            ReadResult result;
            try
            {
                result = await reader.ReadAsync(Cancellation);
            }
            catch (BadHttpRequestException e)
            {
                throw new ApiException(e.StatusCode, ApiErrors.WordsOf(e));
            }

            if (result.Buffer.Length > most) throw TooLarge(most);
            if (result.IsCompleted)
            {
                var body = result.Buffer.ToArray();
                reader.AdvanceTo(result.Buffer.End);
                if (body.Length == 0) throw new MalformedJsonException("the body is empty");
                return body;
            }

            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    /// <summary>405.</summary>
    public ApiException NotAllowed(string allow) => new(405, $"{Method} is not allowed here; {allow} is") { Allow = allow };

    private CountCondition? Condition(AppId? app)
    {
        var (instances, createdAt) = (Header(IMarathonApi.IfInstancesHeader), Header(IMarathonApi.IfCreatedAtHeader));
        if (instances is null && createdAt is null) return null;
        if (app is not { } one)
        {
            throw ApiException.BadRequest(
                $"{IMarathonApi.IfInstancesHeader} and {IMarathonApi.IfCreatedAtHeader} are for a change of one app");
        }

        int? count = null;
        if (instances is not null)
        {
            count = int.TryParse(instances, NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given
                : throw ApiException.BadRequest($"the header {IMarathonApi.IfInstancesHeader} '{instances}' is not a count");
        }

        return new CountCondition(one, count, createdAt is null ? null : Version(createdAt));
    }

    private string? Header(string name) => Context.Request.Headers[name] is [.., { Length: > 0 } value] ? value : null;

    private static ApiException TooLarge(long most) => new(413, $"the body is larger than {most} bytes");
}
