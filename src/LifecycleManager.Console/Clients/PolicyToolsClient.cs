using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using LifecycleManager.Clients;

namespace LifecycleManager.Console.Clients;

/// <summary>The files of the rules directory, by their names below it, and whether the manager writes them.</summary>
public sealed record PolicyFileList(IReadOnlyList<string> Files, bool Writable);

/// <summary>A file, and what a change of it needs.</summary>
public sealed record PolicyFileText(string Text, string Tag);

/// <summary>What is wrong at a place of a file.</summary>
public sealed record PolicyMark(string File, int Line, int Column, string Severity, string Message, string? Suggestion);

/// <summary>What a tool said.</summary>
/// <param name="Result"><c>good</c>, <c>found</c> or <c>failed</c>.</param>
/// <param name="Output">What it writes.</param>
/// <param name="Errors">What it could not do.</param>
/// <param name="Problems">What is wrong with the files.</param>
public sealed record ToolResult(string Result, string Output, IReadOnlyList<string> Errors, IReadOnlyList<PolicyMark>? Problems);

/// <summary>What came of a write.</summary>
/// <param name="Tag">Of what is there now; null where it was not written.</param>
/// <param name="Refusal">Why it was not written; null where it was.</param>
/// <param name="Found">What another has there in place of what was read.</param>
/// <param name="Problems">What is wrong with what was sent.</param>
public sealed record PolicyFileWrite(string? Tag, string? Refusal, PolicyFileText? Found, IReadOnlyList<PolicyMark> Problems);

/// <summary>What the console asks of the manager about policy files, as one caller.</summary>
/// <param name="client">A client of the manager that has the patience of its tools.</param>
public sealed class PolicyToolsClient(HttpClient client)
{
    private const string Files = "v1/policies/files";

    /// <summary>The files there are.</summary>
    public async Task<PolicyFileList> FilesAsync(CancellationToken cancellation)
    {
        using var answer = await client.GetAsync(Files, cancellation);
        return await ReadAsync<PolicyFileList>(answer, cancellation);
    }

    /// <summary>A file.</summary>
    /// <exception cref="HttpRequestException">It cannot be read; with its status.</exception>
    public async Task<PolicyFileText> FileAsync(string name, CancellationToken cancellation)
    {
        using var answer = await client.GetAsync($"{Files}/{Uri.EscapeDataString(name)}", cancellation);
        await ThrowIfRefusedAsync(answer, cancellation);
        return new PolicyFileText(
            await answer.Content.ReadAsStringAsync(cancellation),
            answer.Headers.ETag?.ToString() ?? throw new JsonException("the manager's answer has no tag"));
    }

    /// <summary>Writes a file where what is there is what was read; null for a tag makes a new one.</summary>
    public async Task<PolicyFileWrite> WriteAsync(string name, string text, string? tag, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"{Files}/{Uri.EscapeDataString(name)}")
        {
            // Bytes, since a manager that stands by leads to another.
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(text))
            {
                Headers = { { "Content-Type", "text/plain; charset=utf-8" } },
            },
        };
        request.Headers.TryAddWithoutValidation(tag is null ? "If-None-Match" : "If-Match", tag ?? "*");
        try
        {
            using var answer = await client.SendAsync(request, cancellation);
            if (answer.IsSuccessStatusCode) return new PolicyFileWrite(answer.Headers.ETag?.ToString(), null, null, []);
            var said = await answer.Content.ReadAsStringAsync(cancellation);
            if (answer.StatusCode is not (HttpStatusCode.PreconditionFailed or HttpStatusCode.UnprocessableEntity))
                return new PolicyFileWrite(null, CallProblems.Said((int)answer.StatusCode, said), null, []);
            var refused = JsonSerializer.Deserialize<Refused>(said, JsonSerializerOptions.Web)!;
            return new PolicyFileWrite(null, refused.Message,
                refused is { Text: { } found, Tag: { } now } ? new PolicyFileText(found, now) : null, refused.Problems ?? []);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or JsonException)
        {
            return new PolicyFileWrite(null, $"The manager does not answer: {Failures.Describe(e)}", null, []);
        }
    }

    /// <summary>The JSON Schema of policy files.</summary>
    public async Task<string> SchemaAsync(CancellationToken cancellation)
    {
        using var answer = await client.GetAsync("v1/policies/schema", cancellation);
        await ThrowIfRefusedAsync(answer, cancellation);
        return await answer.Content.ReadAsStringAsync(cancellation);
    }

    /// <summary>Has a tool work on files: <c>check</c>, <c>test</c> or <c>replay</c>.</summary>
    public async Task<ToolResult> RunAsync(string tool, object body, CancellationToken cancellation)
    {
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, JsonSerializerOptions.Web))
        {
            Headers = { { "Content-Type", "application/json" } },
        };
        using var answer = await client.PostAsync("v1/policies/" + tool, content, cancellation);
        var said = await answer.Content.ReadAsStringAsync(cancellation);

        // What a tool could not do it says as it says all else.
        if (answer.StatusCode == HttpStatusCode.UnprocessableEntity && said.Contains("\"result\"", StringComparison.Ordinal))
            return JsonSerializer.Deserialize<ToolResult>(said, JsonSerializerOptions.Web)!;
        return await ReadAsync<ToolResult>(answer, cancellation);
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage answer, CancellationToken cancellation)
    {
        await ThrowIfRefusedAsync(answer, cancellation);
        return await answer.Content.ReadFromJsonAsync<T>(JsonSerializerOptions.Web, cancellation)
            ?? throw new JsonException("the manager's answer is empty");
    }

    private static async Task ThrowIfRefusedAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        if (answer.IsSuccessStatusCode) return;
        throw new HttpRequestException(await CallProblems.SaidAsync(answer, cancellation), null, answer.StatusCode);
    }

    private sealed record Refused(string Message, string? Tag, string? Text, IReadOnlyList<PolicyMark>? Problems);
}
