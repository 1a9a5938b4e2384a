using System.Text.Json;
using LifecycleManager.Clients;
using LifecycleManager.Protocol.Marathon;
using Refit;

namespace LifecycleManager.Console.Clients;

/// <summary>That a role cannot be read.</summary>
/// <param name="Message">Why, for people.</param>
/// <param name="Since">Since when.</param>
/// <param name="IsUnknown">Whether what was asked for does not exist.</param>
public sealed record Trouble(string Message, DateTimeOffset Since, bool IsUnknown = false);

/// <summary>Why a call was not done, in words for people, with all that the role said.</summary>
internal static class CallProblems
{
    private const int Longest = 2000;

    /// <summary>Why something cannot be read.</summary>
    public static Trouble Of(Exception problem, DateTimeOffset since) => problem switch
    {
        UnknownAppException => new Trouble(problem.Message, since, IsUnknown: true),
        ApiException refused => new Trouble(Said((int)refused.StatusCode, refused.Content), since),
        JsonException or ApiExceptionBase => new Trouble($"What was answered is not understood: {problem.Message}", since),
        _ => new Trouble(Failures.Describe(problem), since),
    };

    /// <inheritdoc cref="Said(int, string?)"/>
    public static async Task<string> SaidAsync(HttpResponseMessage answer, CancellationToken cancellation) =>
        Said((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellation));

    /// <summary>What an answer that is no success says: its message with all details, or its text.</summary>
    /// <param name="status">Its status; 0 where there was none.</param>
    /// <param name="body">Its body.</param>
    public static string Said(int status, string? body)
    {
        var text = body?.Trim() ?? "";
        try
        {
            if (text.StartsWith('{') && JsonSerializer.Deserialize(text, MarathonJson.Default.MarathonError) is { } error)
                text = Said(error);
        }
        catch (JsonException)
        {
            // It is no error of Marathon's make: its text says what it says.
        }

        if (text.Length == 0) return status == 0 ? "There was no answer." : $"It was refused with status {status}.";
        return text.Length > Longest ? text[..Longest] + "…" : text;
    }

    /// <summary>The message, and what is wrong at each path.</summary>
    private static string Said(MarathonError error)
    {
        var details = (error.Details ?? []).Select(detail =>
            (detail.Path is { Length: > 0 } path ? path + ": " : "") + string.Join("; ", detail.Errors));
        var deployments = error.Deployments is { Count: > 0 } held
            ? [$"held by deployment {string.Join(", ", held.Select(deployment => deployment.Id))}"] : Array.Empty<string>();
        return string.Join("\n", [error.Message, .. details, .. deployments]);
    }
}
