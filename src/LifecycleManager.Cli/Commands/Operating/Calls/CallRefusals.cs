using System.Net;
using System.Security.Authentication;
using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Clients;
using LifecycleManager.Security;

namespace LifecycleManager.Cli.Commands.Operating.Calls;

/// <summary>
/// From what goes wrong with a call to the one line that says what to do next, and its exit code: the one mapping for all
/// commands.
/// </summary>
/// <param name="role">Who is asked: <c>scheduler</c>.</param>
/// <param name="option">The option that says where: <c>--scheduler</c>.</param>
/// <param name="caller">Who asks; null for nobody.</param>
/// <param name="limit">How long an answer may take.</param>
internal sealed class CallRefusals(string role, string option, Credential? caller, TimeSpan limit)
{
    private const int MaxQuote = 600;

    /// <summary>An answer that is no success.</summary>
    /// <param name="at">Who has answered.</param>
    /// <param name="status">The status.</param>
    /// <param name="body">What came with it.</param>
    public CliException Of(Uri at, HttpStatusCode status, string body)
    {
        var answer = Parse(body);
        var said = Quote((string?)Field(answer, "message") ?? Text(body));
        var where = at.GetLeftPart(UriPartial.Authority);
        return status switch
        {
            HttpStatusCode.Unauthorized when caller is null => Error(ExitStatus.Refused,
                $"the {role} at {where} asks who calls (401): say it with --principal and --secret-file, "
                + "or LCM_PRINCIPAL and LCM_SECRET"),
            HttpStatusCode.Unauthorized => Error(ExitStatus.Refused,
                $"the {role} at {where} does not know '{caller.Principal}' by this secret (401): look at --principal and "
                + "--secret-file"),
            HttpStatusCode.Forbidden => Error(ExitStatus.Refused,
                $"{(caller is null ? "this caller" : $"'{caller.Principal}'")} may not do this (403){After(said)}; "
                + $"the permissions are in the --credentials file of the {role}"),
            HttpStatusCode.NotFound => Error(ExitStatus.NotFound,
                $"{(said.Length > 0 ? said : $"{where} has no {at.AbsolutePath}: is {option} a {role}'s address?")} (404)"),
            HttpStatusCode.Conflict when Locks(answer) is { Count: > 0 } locks => Error(ExitStatus.Locked,
                $"{Sentence(said)} (409): wait for it with 'lcm deployment watch {locks[0]}', or override it with --force"),
            HttpStatusCode.Conflict => Error(ExitStatus.Failure, $"{Sentence(said)} (409)"),
            HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity or HttpStatusCode.RequestEntityTooLarge
                or HttpStatusCode.PreconditionFailed => Error(ExitStatus.Failure,
                $"the {role} refuses it ({(int)status}): {Details(answer) ?? said}"),
            HttpStatusCode.ServiceUnavailable => Error(ExitStatus.Unavailable,
                $"the {role} at {where} cannot do it now (503){After(said)}; 'lcm status' shows the roles, then try again"),
            _ => Error(ExitStatus.Failure,
                $"the {role} at {where} answers {(int)status}{After(said)}{((int)status >= 500 ? "; its log says why" : "")}"),
        };
    }

    /// <summary>No answer, or half of one; null where it is none of these.</summary>
    /// <param name="at">Who was asked.</param>
    /// <param name="problem">What was thrown.</param>
    /// <param name="isChange">Whether it may have been done all the same.</param>
    public CliException? Of(Uri at, Exception problem, bool isChange)
    {
        var where = at.GetLeftPart(UriPartial.Authority);
        if (problem is HttpRequestException { InnerException: AuthenticationException tls }
            && tls.Message.Contains("certificate", StringComparison.Ordinal))
        {
            return Error(ExitStatus.Unavailable,
                $"the {role} at {where} is not trusted ({Quote(tls.GetBaseException().Message)}): --tls-ca names who has signed "
                + "its certificate", problem);
        }

        if (problem is HttpRequestException http && Failures.IsUnsent(http))
            return Error(ExitStatus.Unavailable,
                $"the {role} at {where} cannot be reached ({Quote((problem.InnerException ?? problem).Message)}): does it run, "
                    + $"and is {option} "
                + "right?", problem);
        if (problem is not (HttpRequestException or IOException or OperationCanceledException or TimeoutException)) return null;
        var what = problem is OperationCanceledException or TimeoutException
            ? $"gives no answer within {limit.TotalSeconds:0.#} s"
            : $"breaks off its answer ({Quote(Failures.Describe(problem))})";
        return isChange
            ? Error(ExitStatus.Unknown, $"the {role} at {where} {what}: whether it was done is not known; 'lcm status' shows it",
                problem)
            : Error(ExitStatus.Unavailable, $"the {role} at {where} {what}: try again, or give it longer with --timeout",
                problem);
    }

    /// <summary>An answer that is not what the role answers.</summary>
    public CliException Strange(Uri at, Exception? problem) => Error(ExitStatus.Failure,
        $"{at.GetLeftPart(UriPartial.Authority)} does not answer as a {role} does: is {option} right?", problem);

    private static CliException Error(int code, string message, Exception? inner = null) => new(message, inner, code);

    private static string After(string said) => said.Length > 0 ? $": {said.TrimEnd('.')}" : "";

    private static string Sentence(string said) => said.Length > 0 ? said.TrimEnd('.') : "it is refused";

    private static List<string> Locks(JsonNode? answer) => Field(answer, "deployments") is not JsonArray deployments ? []
        : [.. deployments.Select(deployment => (string?)Field(deployment, "id")).OfType<string>()];

    /// <summary>What is wrong with a definition, place by place, as Marathon lists it.</summary>
    private static string? Details(JsonNode? answer)
    {
        if (Field(answer, "details") is not JsonArray details || details.Count == 0) return null;
        var problems = details.Select(detail =>
            $"{(string?)Field(detail, "path")}: "
            + string.Join(", ", (Field(detail, "errors") as JsonArray ?? []).Select(error => error?.ToString())));
        return Quote(string.Join("; ", problems.Select(problem => problem.TrimStart(':', ' '))));
    }

    private static JsonNode? Parse(string body)
    {
        try
        {
            return JsonNode.Parse(body);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static JsonNode? Field(JsonNode? of, string name) => (of as JsonObject)?[name] is { } found
        && (found is not JsonValue value || value.GetValueKind() == JsonValueKind.String) ? found : null;

    // A page of a proxy is nobody's reason.
    private static string Text(string body) => body.TrimStart() is ['<' or '{' or '[', ..] ? "" : body;

    private static string Quote(string text)
    {
        var line = Output.SafeText.Line(text.ReplaceLineEndings(" ").Trim());
        return line.Length <= MaxQuote ? line : line[..MaxQuote] + "...";
    }
}
