using LifecycleManager.Clients;

namespace LifecycleManager.Console.Clients;

/// <summary>A change that is asked of a role.</summary>
internal static class RoleChange
{
    /// <summary>Asks for it; null where it was done, else why not.</summary>
    /// <param name="client">A client of the role.</param>
    /// <param name="role">What the role is called where it does not answer.</param>
    /// <param name="method">The method.</param>
    /// <param name="path">The path.</param>
    /// <param name="json">The body; null for none. Bytes, since a role that stands by leads to another.</param>
    /// <param name="cancellation">Gives up: it may have been done all the same.</param>
    public static async Task<string?> AskAsync(
        HttpClient client, string role, HttpMethod method, string path, byte[]? json, CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null)
            request.Content = new ByteArrayContent(json) { Headers = { { "Content-Type", "application/json" } } };
        try
        {
            using var answer = await client.SendAsync(request, cancellation);
            return answer.IsSuccessStatusCode ? null : await CallProblems.SaidAsync(answer, cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return $"The {role} does not answer: {Failures.Describe(e)}";
        }
    }
}
