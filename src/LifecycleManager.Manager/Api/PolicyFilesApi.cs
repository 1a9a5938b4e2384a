using System.Text;
using System.Text.Json.Serialization;
using LifecycleManager.Decisions.Tools;
using LifecycleManager.Manager.Editing;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace LifecycleManager.Manager.Api;

/// <summary>
/// <c>/v1/policies/files</c>: the files of the rules directory of the manager that leads, and, where it was told to
/// (<c>--rules-writable</c>), how one is replaced: by its whole text, where it is what was read, and is good.
/// </summary>
internal static class PolicyFilesApi
{
    private const string NotWritable = "this manager's rules directory is not written: --rules-writable allows it";

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/policies/files", http => OfLeaderAsync(http, ListAsync)).Needs(Permission.View);
        app.MapGet("/v1/policies/files/{name}", http => OfLeaderAsync(http, ReadAsync)).Needs(Permission.View);
        app.MapPut("/v1/policies/files/{name}", http => OfLeaderAsync(http, WriteAsync))
            .WithMetadata(new BodyLimit(EditableRules.MaxBytes));
    }

    private static async Task OfLeaderAsync(HttpContext http, Func<HttpContext, EditableRules, Task> answer)
    {
        if (http.RequestServices.GetRequiredService<ManagerState>().Term is null)
        {
            await ManagerApi.RedirectToLeaderAsync(http);
            return;
        }

        try
        {
            await answer(http, http.RequestServices.GetRequiredService<EditableRules>());
        }
        catch (Exception e) when (e is (IOException or UnauthorizedAccessException) and not ConnectionResetException)
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status409Conflict,
                $"the rules directory does not allow it: {e.Message}");
        }
    }

    private static Task ListAsync(HttpContext http, EditableRules files) => ManagerApi.WriteAsync(
        http, new RuleFilesAnswer(files.Names(), http.RequestServices.GetRequiredService<ManagerOptions>().RulesWritable),
        RuleFilesJson.Default.RuleFilesAnswer);

    private static async Task ReadAsync(HttpContext http, EditableRules files)
    {
        if (await NameAsync(http) is not { } name) return;
        if (files.Read(name) is not { } read)
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status404NotFound, $"there is no file {name}", "name");
            return;
        }

        http.Response.Headers.ETag = read.Tag;
        http.Response.ContentType = "text/plain; charset=utf-8";
        await http.Response.WriteAsync(read.Text, http.RequestAborted);
    }

    private static async Task WriteAsync(HttpContext http, EditableRules files)
    {
        if (await NameAsync(http) is not { } name) return;
        if (!http.RequestServices.GetRequiredService<ManagerOptions>().RulesWritable)
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status403Forbidden, NotWritable);
            return;
        }

        var (match, none) = (http.Request.Headers.IfMatch.ToString(), http.Request.Headers.IfNoneMatch.ToString());
        if (match.Length == 0 == (none.Length == 0) || match == "*" || none is not ("" or "*"))
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status428PreconditionRequired,
                $"{HeaderNames.IfMatch} with the tag of what was read is needed, or {HeaderNames.IfNoneMatch}: * for a new file");
            return;
        }

        if (await TextAsync(http) is not { } text) return;
        var change = await files.WriteAsync(name, text, match.Length > 0 ? match : null, http.RequestAborted);
        if (change.Written is { } written)
        {
            http.Response.Headers.ETag = written.Tag;
            var now = new RuleFileAnswer(name, written.Tag, Encoding.UTF8.GetByteCount(text));
            await Audit.RecordAsync(
                http, PolicyTest.IsTestFile(name) ? "policy test file written" : "policy file written", name,
                match.Length > 0 ? new RuleFileAnswer(name, match, null) : null, now,
                RuleFilesJson.Default.RuleFileAnswer);
            await ManagerApi.WriteAsync(http, now, RuleFilesJson.Default.RuleFileAnswer,
                match.Length > 0 ? StatusCodes.Status200OK : StatusCodes.Status201Created);
            return;
        }

        var refused = change.Problems.Count > 0
            ? new RuleFileRefusal($"{name} would be refused: {change.Problems[0].Message}")
            {
                Problems = [.. change.Problems.Select(PoliciesApi.Answer)],
            }
            : new RuleFileRefusal(change.Found is null
                ? $"{name} is not there (any more)" : $"{name} has changed since it was read")
            {
                Tag = change.Found?.Tag,
                Text = change.Found?.Text,
            };
        await ManagerApi.WriteAsync(http, refused, RuleFilesJson.Default.RuleFileRefusal, change.Problems.Count > 0
            ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status412PreconditionFailed);
    }

    /// <summary>The file's name; null where it is none, and that is answered. A slash in it comes encoded.</summary>
    private static async Task<string?> NameAsync(HttpContext http)
    {
        var name = ((string)http.Request.RouteValues["name"]!).Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        if (EditableRules.WrongName(name) is not { } wrong) return name;
        await ManagerApi.RefuseAsync(http, StatusCodes.Status400BadRequest, wrong, "name");
        return null;
    }

    private static async Task<string?> TextAsync(HttpContext http)
    {
        try
        {
            using var reader = new StreamReader(http.Request.Body, new UTF8Encoding(false, throwOnInvalidBytes: true));
            return await reader.ReadToEndAsync(http.RequestAborted);
        }
        catch (DecoderFallbackException)
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status400BadRequest, "the body is no UTF-8");
        }
        catch (BadHttpRequestException e)
        {
            await ManagerApi.RefuseAsync(http, e.StatusCode, e.Message);
        }

        return null;
    }
}

/// <summary><c>GET /v1/policies/files</c>.</summary>
internal sealed record RuleFilesAnswer(IReadOnlyList<string> Files, bool Writable);

/// <summary>A file that was written; how long it was before is not kept.</summary>
internal sealed record RuleFileAnswer(string Name, string Tag, int? Bytes);

/// <summary>Why a file was not written.</summary>
internal sealed record RuleFileRefusal(string Message)
{
    /// <summary>The tag of what is there in place of what was read.</summary>
    public string? Tag { get; init; }

    /// <summary>That itself.</summary>
    public string? Text { get; init; }

    /// <summary>What is wrong with what was sent.</summary>
    public IReadOnlyList<PolicyProblemAnswer>? Problems { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RuleFilesAnswer))]
[JsonSerializable(typeof(RuleFileAnswer))]
[JsonSerializable(typeof(RuleFileRefusal))]
internal sealed partial class RuleFilesJson : JsonSerializerContext;
