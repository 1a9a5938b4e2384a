using System.Text.Json;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Console.Clients;

/// <summary>Why the scheduler did not do what it was asked for.</summary>
/// <param name="Message">All of it, for people.</param>
/// <param name="Details">What is wrong, by the parts of its path.</param>
/// <param name="IsLocked">Whether deployments hold it, which force ends.</param>
internal sealed record Refusal(
    string Message, IReadOnlyList<(IReadOnlyList<string> Path, string Message)> Details, bool IsLocked)
{
    /// <summary>What an answer that is no success says.</summary>
    /// <param name="status">Its status; 0 where there was none.</param>
    /// <param name="body">Its body.</param>
    public static Refusal Of(int status, string body)
    {
        MarathonError? error = null;
        try
        {
            error = JsonSerializer.Deserialize(body, MarathonJson.Default.MarathonError);
        }
        catch (JsonException)
        {
            // It is no error of Marathon's make: its text says what it says.
        }

        return new Refusal(
            CallProblems.Said(status, body),
            [.. (error?.Details ?? []).SelectMany(detail => detail.Errors.Select(message =>
                (JsonPlaces.Parts(detail.Path), message)))],
            status == 409 && error?.Deployments is { Count: > 0 });
    }
}
